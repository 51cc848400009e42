/** How a linear layer's weight is held for a kernel: int8 by columns, or 4-bit numbers by blocks. */
export type QuantizedLayout = "columns" | "blocks";

const LAYOUTS: readonly QuantizedLayout[] = ["columns", "blocks"];

/** The tensors that hold a weight in a layout. */
export function quantizedNames(weight: string, layout: QuantizedLayout): { readonly values: string; readonly scales: string } {
  return { values: `${weight}_${layout}`, scales: `${weight}_${layout}_scales` };
}

/** The weight that a stored tensor holds, and in which layout; undefined if it is held plainly. */
export function quantizedWeightOf(stored: string): { readonly weight: string; readonly layout: QuantizedLayout } | undefined {
  const layout = LAYOUTS.find((each) => stored.endsWith(`_${each}`));
  return layout === undefined ? undefined : { layout, weight: stored.slice(0, -layout.length - 1) };
}

/** Whether a stored tensor holds the scales of such a weight. */
export function isQuantizedScales(stored: string): boolean {
  return LAYOUTS.some((layout) => stored.endsWith(`_${layout}_scales`));
}
