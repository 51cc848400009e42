/**
 * For each of `pairs` rotary pairs the axis of the position that turns it, the three taking turns: temporal, height, width, temporal, ...
 * until height and width have had as many as their sections say; the rest is temporal.
 * @source the Qwen3-VL reference implementation (interleaved M-RoPE).
 */
export function interleavedAxes([, height, width]: readonly [number, number, number], pairs: number): number[] {
  const lengths = [0, height * 3, width * 3];
  return Array.from({ length: Math.floor(pairs) }, (_, pair) => (pair < (lengths[pair % 3] as number) ? pair % 3 : 0));
}
