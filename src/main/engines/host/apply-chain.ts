/** Carries out the chain of one parameter with the host's kernels; in one pass where there is a kernel that does it whole. */
import type { Chain, Transform } from '../optimizer.ts';
import { momentCount } from '../optimizer.ts';
import type { Kernels } from './kernels.ts';

/** Byte offsets of one parameter's arrays, and their common length in elements. */
export interface UpdatePlace {
  readonly weights: number;
  /** Holds the gradient, and becomes the update. */
  readonly gradients: number;
  readonly moments: readonly number[];
  readonly length: number;
}

export interface UpdateFactors {
  readonly learningRate: number;
  /** 1 or less: what clipping and averaging multiply gradients by. */
  readonly gradientScale: number;
  /** Counts from 1. */
  readonly update: number;
  readonly decay: boolean;
}

/** Whether a kernel does the whole chain in one pass: moments of one kind or none, then decay or none. */
export function isFused(chain: Chain): boolean {
  const types = chain.map(({ type }) => type);
  const after = types[0] === 'adam' || types[0] === 'momentum' ? types.slice(1) : types;
  return after.every((type) => type === 'decay') && after.length <= 1;
}

/** A whole update by a chain that `isFused`. */
export function applyFused(kernels: Kernels, chain: Chain, place: UpdatePlace, factors: UpdateFactors): void {
  const { weights, gradients, moments, length } = place;
  const { learningRate, gradientScale, update, decay } = factors;
  const rate = chain.find(({ type }) => type === 'decay') as Extract<Transform, { type: 'decay' }> | undefined; // by its type
  const shrink = decay && rate ? 1 - learningRate * rate.rate : 1;
  const [transform] = chain;
  if (transform?.type === 'adam') {
    const { beta1, beta2, epsilon } = transform;
    const [first, second] = moments as readonly [number, number]; // as `momentsOf` says
    const stepSize = learningRate / (1 - beta1 ** update);
    const secondScale = 1 / Math.sqrt(1 - beta2 ** update);
    kernels.adamW(
      weights, gradients, first, second, length,
      gradientScale, beta1, beta2, epsilon, stepSize, secondScale, shrink,
    ); // prettier-ignore
  } else {
    const { decay: momentum, nesterov } = transform?.type === 'momentum' ? transform : { decay: 0, nesterov: false };
    kernels.sgd(weights, gradients, moments[0] ?? 0, length, gradientScale, momentum, nesterov, learningRate, shrink);
  }
}

/** Applies transforms [from, to) of a chain to the update, in the gradient's place. Orthogonalisation is the engine's part. */
export function applyTransforms(
  kernels: Kernels,
  chain: Chain,
  { from, to }: { readonly from: number; readonly to: number },
  { weights, gradients: update, moments, length }: UpdatePlace,
  { update: count, decay }: UpdateFactors,
): void {
  let moment = chain.slice(0, from).reduce((sum, transform) => sum + momentCount(transform), 0);
  for (const transform of chain.slice(from, to)) {
    const [first = 0, second = 0] = moments.slice(moment, moment + momentCount(transform));
    moment += momentCount(transform);
    switch (transform.type) {
      case 'momentum':
        kernels.momentum(update, first, length, transform.decay, transform.nesterov);
        break;
      case 'adam': {
        const { beta1, beta2, epsilon } = transform;
        const firstScale = 1 / (1 - beta1 ** count);
        const secondScale = 1 / Math.sqrt(1 - beta2 ** count);
        kernels.adamDirection(update, first, second, length, beta1, beta2, epsilon, firstScale, secondScale);
        break;
      }
      case 'decay':
        if (decay) kernels.addScaled(update, weights, length, transform.rate);
        break;
      case 'scale':
        kernels.scaleBy(update, length, transform.factor);
        break;
      case 'orthogonalise':
        break;
    }
  }
}
