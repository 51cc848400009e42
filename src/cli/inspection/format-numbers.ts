/** A count to three digits: `950`, `12.3 K`, `4.56 M`, `2.21 B`. */
export function formatCount(count: number): string {
  return scaled(count, ["", " K", " M", " B", " T"]);
}

/** A size to three digits, in powers of 1000: `950 B`, `12.3 kB`, `19.8 MB`. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, [" B", " kB", " MB", " GB", " TB"]);
}

function scaled(value: number, units: readonly string[]): string {
  const power = value < 999.5 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value * 1.0005) / 3));
  const digits = value / 1000 ** power;
  return `${power === 0 ? value : digits.toFixed(digits >= 99.95 ? 0 : digits >= 9.995 ? 1 : 2)}${units[power]}`;
}
