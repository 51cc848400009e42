/** The made-up MMEB's colours by name: red, green, blue. */
export const COLOURS: Readonly<Record<string, readonly [number, number, number]>>;
export const identity: string;
/** How often each colour occurs in an input: one histogram for each. */
export function embed(inputs: readonly { readonly text: string; readonly image?: Uint8Array }[]): number[][];
