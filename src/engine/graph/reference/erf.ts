/** Gauss error function in double precision: its Maclaurin series near 0, the continued fraction of `erfc` beyond. */
export function erfReference(x: number): number {
  return Math.abs(x) < 2.5 ? series(x) : Math.sign(x) * (1 - complement(Math.abs(x)));
}

function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** `erfc(x)` for x > 2. @source Abramowitz and Stegun, 7.1.14. */
function complement(x: number): number {
  let fraction = x;
  for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}
