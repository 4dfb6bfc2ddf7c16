/** The optimizers' configuration, and their update rule written plainly: the reference that engines are tested against. */

export type OptimizerConfig =
  | {
      readonly type: 'adamw';
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      /** Decoupled (Loshchilov & Hutter 2019): weights shrink by learningRate · weightDecay, apart from the gradient. */
      readonly weightDecay: number;
      /** Global L2 norm that gradients are scaled down to; 0 switches clipping off. */
      readonly clipNorm: number;
    }
  | {
      readonly type: 'sgd';
      readonly momentum: number;
      readonly nesterov: boolean;
      readonly weightDecay: number;
      readonly clipNorm: number;
    };

/** Devlin et al. 2018, appendix A.2. */
export const adamWDefaults: Extract<OptimizerConfig, { type: 'adamw' }> = {
  type: 'adamw',
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-6,
  weightDecay: 0.01,
  clipNorm: 1,
};

/** Names of the moments that an optimizer keeps for each parameter, in the order of `updateReference`'s arguments. */
export function momentsOf(config: OptimizerConfig): readonly string[] {
  if (config.type === 'adamw') return ['first-moment', 'second-moment'];
  return config.momentum === 0 ? [] : ['momentum'];
}

export interface UpdateFactors {
  readonly learningRate: number;
  /** 1 or less: what clipping multiplies gradients by. */
  readonly gradientScale: number;
  /** Counts from 1. */
  readonly update: number;
  readonly decay: boolean;
}

/**
 * One update of one parameter, in place, in float64 arithmetic. AdamW as in PyTorch: decay first, then
 * w −= learningRate / (1 − β₁ᵗ) · m / (√(v / (1 − β₂ᵗ)) + ε). SGD as in PyTorch: m = momentum·m + g, then w −= learningRate·m.
 */
export function updateReference(
  config: OptimizerConfig,
  weights: Float64Array | Float32Array,
  gradient: Float64Array | Float32Array,
  moments: readonly (Float64Array | Float32Array)[],
  { learningRate, gradientScale, update, decay }: UpdateFactors,
): void {
  const shrink = decay ? 1 - learningRate * config.weightDecay : 1;
  for (let index = 0; index < weights.length; index++) {
    const g = gradient[index]! * gradientScale;
    const w = weights[index]! * shrink;
    if (config.type === 'adamw') {
      const [first, second] = moments as readonly [Float64Array, Float64Array]; // as `momentsOf` says
      const m = (first[index] = config.beta1 * first[index]! + (1 - config.beta1) * g);
      const v = (second[index] = config.beta2 * second[index]! + (1 - config.beta2) * g * g);
      const corrected = Math.sqrt(v / (1 - config.beta2 ** update)) + config.epsilon;
      weights[index] = w - (learningRate / (1 - config.beta1 ** update)) * (m / corrected);
    } else {
      const [momentum] = moments;
      const m = momentum ? (momentum[index] = config.momentum * momentum[index]! + g) : g;
      weights[index] = w - learningRate * (config.nesterov ? g + config.momentum * m : m);
    }
  }
}
