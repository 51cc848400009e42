/** Characters that a line of results may have: the terminal's, within reason; 100 where there is none. */
export function terminalWidth(columns: number | undefined = process.stdout.columns): number {
  return Math.min(140, Math.max(60, columns ?? 100));
}
