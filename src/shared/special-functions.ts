/**
 * The special functions behind the probability distributions of `stats.ts`, in float64, to about 1e-13 relative; the
 * incomplete beta function to about 1e-9 where its parameters reach a million, because large logarithms cancel there.
 * Formula numbers are those of the NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov.
 */

const HALF_LN_2_PI = 0.9189385332046727;

/** ln Γ(x) for x > 0: Stirling's series (DLMF 5.11.1), after moving x above 10 by Γ(x + 1) = x · Γ(x). */
export function logGamma(x: number): number {
  if (!(x > 0)) return Number.NaN;
  let shifted = x;
  let product = 1;
  while (shifted < 10) {
    product *= shifted;
    shifted += 1;
  }
  const inverse = 1 / shifted;
  const square = inverse * inverse;
  const series =
    inverse *
    (1 / 12 +
      square *
        (-1 / 360 + square * (1 / 1260 + square * (-1 / 1680 + square * (1 / 1188 + (square * -691) / 360360)))));
  return (shifted - 0.5) * Math.log(shifted) - shifted + HALF_LN_2_PI + series - Math.log(product);
}

/**
 * The regularised incomplete beta function I_x(a, b), for a, b > 0 and x in [0, 1]: the continued fraction DLMF 8.17.22,
 * evaluated by Lentz's method on the side of the mean where it converges fast.
 */
export function regularisedBeta(x: number, a: number, b: number): number {
  if (!(x >= 0 && x <= 1 && a > 0 && b > 0)) return Number.NaN;
  if (x === 0 || x === 1) return x;
  return x < (a + 1) / (a + b + 2) ? betaFraction(x, a, b) : 1 - betaFraction(1 - x, b, a);
}

function betaFraction(x: number, a: number, b: number): number {
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 100_000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const change = d * c;
    fraction *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return front * fraction;
}
