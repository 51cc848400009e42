/**
 * The key emoji are joined by across packages: lower-case hexadecimal code points with `-` between them, the variation selector `fe0f` dropped,
 * leading zeros stripped. `1F468-200D-2695-FE0F` -> `1f468-200d-2695`.
 */
export function normaliseCodePoints(hexadecimal: string): string {
  const points = hexadecimal.toLowerCase().split(/[-_ ]/);
  return points.flatMap((point) => (point === "fe0f" ? [] : [point.replace(/^0+(?=.)/, "")])).join("-");
}
