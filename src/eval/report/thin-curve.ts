import { mean } from "../bootstrap.ts";
import type { CurvePoint } from "./report-types.ts";

/**
 * At most `limit` points of a curve for plotting: neighbouring losses are averaged, and the points that carry a validation score are
 * all kept. A loss that is no finite number becomes null, for JSON has no NaN.
 */
export function thinCurve(points: readonly CurvePoint[], limit = 100): CurvePoint[] {
  const size = Math.max(1, Math.ceil(points.length / limit));
  const thinned: CurvePoint[] = [];
  for (let start = 0; start < points.length; start += size) thinned.push(...merge(points.slice(start, start + size)));
  return thinned;
}

/** One point with the mean loss at the last step, and before it every point with a score. */
function merge(points: readonly CurvePoint[]): CurvePoint[] {
  const last = points[points.length - 1] as CurvePoint;
  const losses = points.map(({ loss }) => loss).filter((loss): loss is number => loss !== null && Number.isFinite(loss));
  const scored = points.filter((point) => point !== last && (point.precision !== null || point.pathPrecisions !== null));
  const loss = losses.length === 0 ? null : mean(losses);
  return [...scored.map((point) => Object.assign({}, point, { loss: null })), { ...last, loss }];
}
