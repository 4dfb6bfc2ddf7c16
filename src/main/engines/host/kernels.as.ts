/**
 * The host side of a training step, in AssemblyScript: vector loops over one linear memory that also holds the weights,
 * gradients and moments that ONNX Runtime reads and writes. Compiled by `npm run build:kernels` into
 * `kernels.wasm.ts`; a unit test compares every loop with plain float64 arithmetic.
 *
 * Why here and not in the graph: AdamW touches each array once (28 bytes a weight). As ONNX nodes it is about a dozen
 * passes, and row gradients of embeddings cannot be added safely there at all (ScatterND races). `bench/optimizer.ts`
 * measures both.
 *
 * Lengths count float32 elements and are multiples of 4; pointers are byte offsets, 16-byte aligned.
 */

/** Σ x², accumulated in float64. NaN or infinite when any element is. */
export function sumOfSquares(x: usize, length: usize): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let end = x + (length << 2); x < end; x += 16) {
    const value = v128.load(x);
    const first = f64x2.promote_low_f32x4(value);
    const second = f64x2.promote_low_f32x4(
      i8x16.shuffle(value, value, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7),
    );
    low = f64x2.add(low, f64x2.mul(first, first));
    high = f64x2.add(high, f64x2.mul(second, second));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** target += x */
export function addTo(target: usize, x: usize, length: usize): void {
  for (let end = x + (length << 2); x < end; x += 16, target += 16) {
    v128.store(target, f32x4.add(v128.load(target), v128.load(x)));
  }
}

/**
 * target[indices[i]] += rows[i] for each of `count` rows of `width` elements (any width). Rows that name a place outside
 * the table of `tableRows` rows are left out; their number is returned, and the caller treats it as an error.
 */
export function addRows(target: usize, tableRows: i32, indices: usize, rows: usize, count: i32, width: i32): i32 {
  let outside = 0;
  const bytes = (<usize>width) << 2;
  const vectorBytes = bytes & ~15;
  for (let i = 0; i < count; i++, rows += bytes) {
    const index = load<i32>(indices + ((<usize>i) << 2));
    if (index < 0 || index >= tableRows) {
      outside++;
      continue;
    }
    const row = target + <usize>index * bytes;
    let offset: usize = 0;
    for (; offset < vectorBytes; offset += 16) {
      v128.store(row + offset, f32x4.add(v128.load(row + offset), v128.load(rows + offset)));
    }
    for (; offset < bytes; offset += 4) {
      store<f32>(row + offset, load<f32>(row + offset) + load<f32>(rows + offset));
    }
  }
  return outside;
}

/**
 * One AdamW update in place (the chain adam, decay of engines/optimizer.ts): gradients are multiplied by `gradientScale`
 * (clipping, averaging), weights by `shrink` (decay). `stepSize` = learningRate / (1 − β₁ᵗ), `secondScale` = 1 / √(1 − β₂ᵗ).
 */
export function adamW(
  weights: usize,
  gradients: usize,
  first: usize,
  second: usize,
  length: usize,
  gradientScale: f32,
  beta1: f64,
  beta2: f64,
  epsilon: f32,
  stepSize: f32,
  secondScale: f32,
  shrink: f32,
): void {
  const scale = f32x4.splat(gradientScale);
  const b1 = f32x4.splat(<f32>beta1);
  const b2 = f32x4.splat(<f32>beta2);
  const c1 = f32x4.splat(<f32>(1 - beta1)); // rounded once: 1 − (float32) 0.999 would be off by 1e-5 of itself
  const c2 = f32x4.splat(<f32>(1 - beta2));
  const small = f32x4.splat(epsilon);
  const size = f32x4.splat(stepSize);
  const correction = f32x4.splat(secondScale);
  const keep = f32x4.splat(shrink);
  for (let end = weights + (length << 2); weights < end; weights += 16, gradients += 16, first += 16, second += 16) {
    const g = f32x4.mul(v128.load(gradients), scale);
    const m = f32x4.add(f32x4.mul(v128.load(first), b1), f32x4.mul(g, c1));
    const v = f32x4.add(f32x4.mul(v128.load(second), b2), f32x4.mul(f32x4.mul(g, g), c2));
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(v), correction), small);
    const step = f32x4.div(f32x4.mul(m, size), denominator);
    v128.store(first, m);
    v128.store(second, v);
    v128.store(weights, f32x4.sub(f32x4.mul(v128.load(weights), keep), step));
  }
}

/** One SGD update in place; with `momentum` = 0 the moment array is not touched. */
export function sgd(
  weights: usize,
  gradients: usize,
  moment: usize,
  length: usize,
  gradientScale: f32,
  momentum: f32,
  nesterov: bool,
  learningRate: f32,
  shrink: f32,
): void {
  const scale = f32x4.splat(gradientScale);
  const decay = f32x4.splat(momentum);
  const rate = f32x4.splat(learningRate);
  const keep = f32x4.splat(shrink);
  const moving = momentum != 0;
  for (let end = weights + (length << 2); weights < end; weights += 16, gradients += 16, moment += 16) {
    let step = f32x4.mul(v128.load(gradients), scale);
    if (moving) {
      const m = f32x4.add(f32x4.mul(v128.load(moment), decay), step);
      v128.store(moment, m);
      step = nesterov ? f32x4.add(step, f32x4.mul(m, decay)) : m;
    }
    v128.store(weights, f32x4.sub(f32x4.mul(v128.load(weights), keep), f32x4.mul(step, rate)));
  }
}

// What chains of transforms are made of that no loop above does in one pass; see `Transform` in engines/optimizer.ts.

/** x *= factor */
export function scaleBy(x: usize, length: usize, factor: f32): void {
  const splat = f32x4.splat(factor);
  for (let end = x + (length << 2); x < end; x += 16) v128.store(x, f32x4.mul(v128.load(x), splat));
}

/** target += factor · x */
export function addScaled(target: usize, x: usize, length: usize, factor: f32): void {
  const splat = f32x4.splat(factor);
  for (let end = target + (length << 2); target < end; target += 16, x += 16) {
    v128.store(target, f32x4.add(v128.load(target), f32x4.mul(v128.load(x), splat)));
  }
}

/** target += share · (x − target), which leaves equal numbers equal. */
export function moveTowards(target: usize, x: usize, length: usize, share: f32): void {
  const splat = f32x4.splat(share);
  for (let end = target + (length << 2); target < end; target += 16, x += 16) {
    const value = v128.load(target);
    v128.store(target, f32x4.add(value, f32x4.mul(f32x4.sub(v128.load(x), value), splat)));
  }
}

/** moment = decay · moment + update; the update becomes the moment, or update + decay · moment with Nesterov's. */
export function momentum(update: usize, moment: usize, length: usize, decay: f32, nesterov: bool): void {
  const keep = f32x4.splat(decay);
  for (let end = update + (length << 2); update < end; update += 16, moment += 16) {
    const u = v128.load(update);
    const m = f32x4.add(f32x4.mul(v128.load(moment), keep), u);
    v128.store(moment, m);
    v128.store(update, nesterov ? f32x4.add(u, f32x4.mul(m, keep)) : m);
  }
}

/** The update becomes Adam's: m · firstScale / (√v · secondScale + ε), with the scales of `adamW` at a step size of 1. */
export function adamDirection(
  update: usize,
  first: usize,
  second: usize,
  length: usize,
  beta1: f64,
  beta2: f64,
  epsilon: f32,
  firstScale: f32,
  secondScale: f32,
): void {
  const b1 = f32x4.splat(<f32>beta1);
  const b2 = f32x4.splat(<f32>beta2);
  const c1 = f32x4.splat(<f32>(1 - beta1));
  const c2 = f32x4.splat(<f32>(1 - beta2));
  const small = f32x4.splat(epsilon);
  const size = f32x4.splat(firstScale);
  const correction = f32x4.splat(secondScale);
  for (let end = update + (length << 2); update < end; update += 16, first += 16, second += 16) {
    const g = v128.load(update);
    const m = f32x4.add(f32x4.mul(v128.load(first), b1), f32x4.mul(g, c1));
    const v = f32x4.add(f32x4.mul(v128.load(second), b2), f32x4.mul(f32x4.mul(g, g), c2));
    v128.store(first, m);
    v128.store(second, v);
    v128.store(update, f32x4.div(f32x4.mul(m, size), f32x4.add(f32x4.mul(f32x4.sqrt(v), correction), small)));
  }
}
