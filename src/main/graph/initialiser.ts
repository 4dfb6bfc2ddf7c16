/**
 * How a parameter starts, as data; `nn/initialisers.ts` draws the numbers. Fans are those of a [in, out] matrix or of a
 * [out, in, ...kernel] convolution, and are written down by the block, which knows what its axes mean.
 */
export type Initialiser =
  | { readonly type: 'zeros' }
  | { readonly type: 'constant'; readonly value: number }
  | { readonly type: 'values'; readonly values: Float32Array }
  /** Normal, redrawn beyond two standard deviations (Devlin et al. 2018 use 0.02). */
  | { readonly type: 'truncated-normal'; readonly std: number }
  | { readonly type: 'uniform'; readonly limit: number }
  /** Glorot & Bengio 2010: uniform in ±√(6 / (fanIn + fanOut)). */
  | { readonly type: 'glorot-uniform'; readonly fanIn: number; readonly fanOut: number }
  /** He et al. 2015: normal with standard deviation √(2 / fanIn). */
  | { readonly type: 'he-normal'; readonly fanIn: number }
  /** Saxe et al. 2013: an orthogonal matrix of [rows, columns] (the shape flattened after its first axis), times `scale`. */
  | { readonly type: 'orthogonal'; readonly scale: number };
