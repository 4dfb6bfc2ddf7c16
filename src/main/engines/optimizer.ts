/**
 * Optimizers as data: a chain of transforms turns a gradient into an update, as in optax; the update times the learning rate
 * is taken off the weight. The engines carry chains out, and know shorter ways for the common ones. Named optimizers are
 * chains with a name.
 */

/** One link of a chain, applied to the update of one parameter; the first one gets its gradient. */
export type Transform =
  /** m = decay·m + u, then m, or u + decay·m with Nesterov's momentum: SGD as in PyTorch. */
  | { readonly type: 'momentum'; readonly decay: number; readonly nesterov: boolean }
  /** m̂ / (√v̂ + ε) with moments corrected for their bias (Kingma & Ba 2015). */
  | { readonly type: 'adam'; readonly beta1: number; readonly beta2: number; readonly epsilon: number }
  /**
   * The nearest orthogonal matrix, roughly, by Newton–Schulz iterations, times √max(1, outputs / inputs) (K. Jordan, Muon,
   * 2024). Only `ParameterGroup.matrix` parameters; others keep their update.
   */
  | { readonly type: 'orthogonalise'; readonly iterations: number }
  /** u + rate·w, for parameters that decay: decoupled after the moments (Loshchilov & Hutter 2019), an L2 penalty before them. */
  | { readonly type: 'decay'; readonly rate: number }
  | { readonly type: 'scale'; readonly factor: number };

export type Chain = readonly Transform[];

interface AdamWConfig {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled (Loshchilov & Hutter 2019): weights shrink by learningRate · weightDecay, apart from the gradient. */
  readonly weightDecay: number;
  /** Global L2 norm that gradients are scaled down to; 0 switches clipping off. */
  readonly clipNorm: number;
}

export type OptimizerConfig =
  | ({ readonly type: 'adamw' } & AdamWConfig)
  | {
      readonly type: 'sgd';
      readonly momentum: number;
      readonly nesterov: boolean;
      readonly weightDecay: number;
      readonly clipNorm: number;
    }
  /** Muon for hidden matrices (K. Jordan 2024), AdamW for everything else. */
  | ({
      readonly type: 'muon';
      readonly momentum: number;
      readonly nesterov: boolean;
      readonly iterations: number;
      /** Learning rate of the matrices as a multiple of the others'. */
      readonly matrixRateScale: number;
    } & AdamWConfig)
  | {
      readonly type: 'chain';
      readonly clipNorm: number;
      readonly transforms: Chain;
      /** For hidden matrices, where they are to have a chain of their own. */
      readonly matrices?: Chain | undefined;
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

/** The chain that a parameter is updated by. `isMatrix`: a hidden matrix, see `ParameterGroup.matrix`. */
export function chainOf(config: OptimizerConfig, isMatrix: boolean): Chain {
  switch (config.type) {
    case 'adamw':
      return adamWChain(config);
    case 'sgd':
      return [...momentumOf(config.momentum, config.nesterov), { type: 'decay', rate: config.weightDecay }];
    case 'muon':
      return isMatrix
        ? [
            ...momentumOf(config.momentum, config.nesterov),
            { type: 'orthogonalise', iterations: config.iterations },
            { type: 'decay', rate: config.weightDecay },
            { type: 'scale', factor: config.matrixRateScale },
          ]
        : adamWChain(config);
    case 'chain':
      return isMatrix ? (config.matrices ?? config.transforms) : config.transforms;
  }
}

function adamWChain({ beta1, beta2, epsilon, weightDecay }: AdamWConfig): Chain {
  return [
    { type: 'adam', beta1, beta2, epsilon },
    { type: 'decay', rate: weightDecay },
  ];
}

function momentumOf(decay: number, nesterov: boolean): Chain {
  return decay === 0 ? [] : [{ type: 'momentum', decay, nesterov }];
}

const momentsOfTransform = {
  momentum: ['momentum'],
  adam: ['first-moment', 'second-moment'],
  orthogonalise: [],
  decay: [],
  scale: [],
} as const satisfies Record<Transform['type'], readonly string[]>;

/** How many moments a transform keeps for each parameter. */
export function momentCount({ type }: Transform): number {
  return momentsOfTransform[type].length;
}

/** Names of the moments that a chain keeps for a parameter, in the order of its transforms; those that repeat are numbered. */
export function momentsOf(chain: Chain): readonly string[] {
  const names = chain.flatMap(({ type }) => momentsOfTransform[type]);
  return names.map((name, index) => {
    const before = names.slice(0, index).filter((other) => other === name).length;
    return before === 0 ? name : `${name}-${String(before + 1)}`;
  });
}

/** In optimizer states: the weights as they are trained, where averages of them are what is evaluated and saved. */
export const trainedWeights = 'trained';

/**
 * How much of an exponential moving average of the weights is kept at an update, counted from 1: less in the beginning, or the
 * first weights would stay in it for long (as in TensorFlow's ExponentialMovingAverage).
 */
export function averageDecayAt(decay: number, update: number): number {
  return Math.min(decay, (1 + update) / (10 + update));
}
