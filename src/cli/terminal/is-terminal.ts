/** Whether a person reads this stream: Node leaves `isTTY` undefined where nobody does, whatever its types say. */
export function isTerminal(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true;
}
