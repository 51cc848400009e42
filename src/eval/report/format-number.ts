import type { Estimate } from "../bootstrap.ts";

/** What is shown where there is no number. */
export const ABSENT = "–";

/** A share as percent with one decimal, without the sign: 0.342 is `34.2`. */
export function percent(share: number): string {
  return minus((share * 100).toFixed(1));
}

/** A difference of shares in points, with its sign: 0.0071 is `+0.7`. */
export function points(difference: number): string {
  const text = (difference * 100).toFixed(1);
  return text === "-0.0" || text === "0.0" ? "0.0" : minus(difference > 0 ? `+${text}` : text);
}

/** An interval of shares in percent: `31.9 to 36.5`. */
export function percentInterval({ low, high }: Estimate): string {
  return `${percent(low)} to ${percent(high)}`;
}

/** An interval of differences in points: `−0.3 to +1.7`. */
export function pointsInterval({ low, high }: Estimate): string {
  return `${points(low)} to ${points(high)}`;
}

/** A number with so many decimals and a true minus sign; absent if null. */
export function decimal(value: number | null, digits = 2): string {
  return value === null ? ABSENT : minus(value.toFixed(digits));
}

/** A whole number with thousands set apart: `3,768`. */
export function count(value: number): string {
  return minus(Math.round(value).toLocaleString("en-US"));
}

/** Seconds as a person says them: `0.8 s`, `42 s`, `4 min 12 s`, `2 h 05 min`. */
export function duration(seconds: number | null): string {
  if (seconds === null) return ABSENT;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${pad(whole % 60)} s`;
  const rounded = Math.round(seconds / 60);
  return `${count(Math.floor(rounded / 60))} h ${pad(rounded % 60)} min`;
}

/** Floating point operations: `3.2 PFLOP`. */
export function flops(value: number | null): string {
  return value === null ? ABSENT : `${withPrefix(value)}FLOP`;
}

/** Milliseconds with three significant digits: `1.24 ms`. */
export function milliseconds(value: number | null): string {
  return value === null ? ABSENT : `${threeDigits(value)} ms`;
}

/** How many times as much: `1.04 ×`. */
export function times(ratio: number): string {
  return `${threeDigits(ratio)} ×`;
}

/** A count with its prefix: `1.2 M`. */
export function quantity(value: number | null): string {
  return value === null ? ABSENT : withPrefix(value).trim();
}

function withPrefix(value: number): string {
  const prefixes = ["", "k", "M", "G", "T", "P", "E", "Z"];
  const power = value < 1000 ? 0 : Math.min(prefixes.length - 1, Math.floor(Math.log10(value) / 3));
  return `${threeDigits(value / 1000 ** power)} ${prefixes[power] as string}`;
}

function threeDigits(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 100) return count(value);
  return value.toFixed(magnitude >= 10 ? 1 : 2);
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

function minus(text: string): string {
  return text.replace("-", "−");
}
