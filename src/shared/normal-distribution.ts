/**
 * The standard normal distribution. The quantile uses additions, multiplications, divisions and square roots only, because
 * those are rounded alike everywhere (IEEE 754) while `Math.log` may differ in the last bit between JavaScript engines:
 * random normals drawn through it are bit-identical on every platform.
 */

const SQRT_HALF = Math.SQRT1_2;
const LN2_HIGH = 6.9314718036912381649e-1; // ln 2 with its low bits cut, so that exponent · LN2_HIGH is exact
const LN2_LOW = 1.90821492927058770002e-10; // the rest

const exponentView = new DataView(new ArrayBuffer(8));

/**
 * Natural logarithm of a positive, normal (not subnormal) number, to about one unit in the last place, bit-identical on
 * every platform. x = 2^e · m with m in [√½, √2); ln m = 2 · artanh(s), s = (m − 1) / (m + 1), by its power series:
 * |s| ≤ 0.172, so that twelve terms leave a remainder below 2^−60.
 */
export function portableLog(x: number): number {
  exponentView.setFloat64(0, x);
  const high = exponentView.getUint32(0);
  let exponent = (high >>> 20) - 1022;
  exponentView.setUint32(0, (high & 0x000fffff) | 0x3fe00000); // mantissa in [0.5, 1)
  let mantissa = exponentView.getFloat64(0);
  if (mantissa < SQRT_HALF) {
    mantissa *= 2;
    exponent -= 1;
  }
  const difference = mantissa - 1; // exact
  const s = difference / (mantissa + 1);
  const square = s * s;
  let series = 1 / 25;
  for (let denominator = 23; denominator >= 3; denominator -= 2) series = series * square + 1 / denominator;
  return exponent * LN2_HIGH + (exponent * LN2_LOW + 2 * s * square * series + 2 * s);
}

/** Evaluates Σ coefficients[i] · x^i by Horner's rule. */
function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let index = coefficients.length - 1; index >= 0; index -= 1) value = value * x + (coefficients[index] ?? 0);
  return value;
}

// Rational approximations of M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution",
// Applied Statistics 37 (1988), 477–484, routine PPND16: relative error about 1e-16.
const CENTRE_NUMERATOR = [
  3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457,
  67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
];
const CENTRE_DENOMINATOR = [
  1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867, 39307.89580009271061,
  28729.085735721942674, 5226.495278852854561,
];
const MIDDLE_NUMERATOR = [
  1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504, 1.27045825245236838258,
  0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4,
];
const MIDDLE_DENOMINATOR = [
  1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459,
  0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9,
];
const TAIL_NUMERATOR = [
  6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123, 0.026532189526576123093,
  0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
];
const TAIL_DENOMINATOR = [
  1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4,
  1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
];

/** The x with P(Z ≤ x) = probability; −∞ at 0, +∞ at 1, NaN outside [0, 1]. */
export function normalQuantile(probability: number): number {
  if (!(probability >= 0 && probability <= 1)) return Number.NaN;
  if (probability === 0) return Number.NEGATIVE_INFINITY;
  if (probability === 1) return Number.POSITIVE_INFINITY;
  const centred = probability - 0.5;
  if (Math.abs(centred) <= 0.425) {
    const r = 0.180625 - centred * centred;
    return (centred * polynomial(CENTRE_NUMERATOR, r)) / polynomial(CENTRE_DENOMINATOR, r);
  }
  const r = Math.sqrt(-portableLog(Math.max(centred < 0 ? probability : 1 - probability, 2.2250738585072014e-308)));
  const magnitude =
    r <= 5
      ? polynomial(MIDDLE_NUMERATOR, r - 1.6) / polynomial(MIDDLE_DENOMINATOR, r - 1.6)
      : polynomial(TAIL_NUMERATOR, r - 5) / polynomial(TAIL_DENOMINATOR, r - 5);
  return centred < 0 ? -magnitude : magnitude;
}
