/** A number in so few digits as tell it: 1,234; 12.3; 0.0456; 1.2e-5. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e7))
    return value.toExponential(2).replace("e+", "e").replace("-", "\u2212").replace("e-", "e\u2212");
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 4;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits }).replace("-", "\u2212");
}

/** A share of one in per cent: 12.3 %. */
export function formatShare(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}

/** A whole number with marks between thousands. */
export function formatCount(value: number): string {
  return value.toLocaleString("en-US");
}

/** A time in its two largest units: 2 d 3 h, 5 min 20 s, 0.35 s. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 10) return `${Number(seconds.toPrecision(2))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
