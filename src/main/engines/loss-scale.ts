/**
 * How much gradients in float16 are scaled up (Micikevicius et al. 2018): as far as they go without overflow. A step whose gradient
 * overflows changes nothing but the scale, which halves; after many good steps it doubles. Scales are powers of two, so that scaling
 * itself rounds nothing.
 */
import { LabError } from '../../shared/errors.ts';
import type { LossScaleOptions, StepResult, Tensor } from './engine.ts';

export interface LossScale {
  readonly scale: number;
  /** Good steps since it changed last. */
  readonly goodSteps: number;
}

/** As in PyTorch's GradScaler. */
const usual = { initial: 65_536, growEvery: 2000 } as const;
/** What overflows without any scale is no matter of scaling. */
const smallest = 1;
/** Squares of gradients are added in float32, which ends at 2^128. */
const largest = 2 ** 24;

/** In states of optimizers, beside the moments of parameters: [scale, good steps]. */
export const lossScaleKey = 'loss-scale';

export function initialLossScale({ initial = usual.initial }: LossScaleOptions = {}): LossScale {
  return { scale: initial, goodSteps: 0 };
}

/** The scale of the next step. */
export function afterStep(
  { scale, goodSteps }: LossScale,
  isFinite: boolean,
  { growEvery = usual.growEvery }: LossScaleOptions = {},
): LossScale {
  if (!isFinite) return { scale: Math.max(smallest, scale / 2), goodSteps: 0 };
  if (goodSteps + 1 < growEvery) return { scale, goodSteps: goodSteps + 1 };
  return { scale: Math.min(largest, 2 * scale), goodSteps: 0 };
}

/** What a step with this scale amounts to; without a scale, nothing is forgiven. */
export function judgeStep(
  scalars: Readonly<Record<string, number>>,
  gradientNorm: number,
  scale: LossScale | undefined,
): { readonly result: StepResult; readonly isSound: boolean } {
  const isLossFinite = Object.values(scalars).every(Number.isFinite);
  const isSound = isLossFinite && Number.isFinite(gradientNorm);
  const isSkipped = scale !== undefined && isLossFinite && !isSound && scale.scale > smallest;
  const result: StepResult = {
    scalars,
    gradientNorm,
    finite: isSound || isSkipped,
    ...(isSkipped && { skipped: true }),
    ...(scale && { lossScale: scale.scale }),
  };
  return { result, isSound };
}

/** Gradients of a program without an update: its scale halves as long as they overflow, and no training's scale changes. */
export async function withoutOverflow<Result extends { readonly gradients: ReadonlyMap<string, Tensor> }>(
  from: LossScale | undefined,
  compute: (scale: number) => Promise<Result>,
): Promise<Result> {
  for (let scale = from?.scale ?? 1; ; scale /= 2) {
    const result = await compute(scale);
    const isFinite = [...result.gradients.values()].every(({ data }) => data.every(Number.isFinite));
    if (scale <= smallest || isFinite) return result;
  }
}

export function lossScaleTensor({ scale, goodSteps }: LossScale): Tensor {
  return { shape: [2], data: Float32Array.of(scale, goodSteps) };
}

/** Throws `LabError('corrupt')` for what `lossScaleTensor` has not made. */
export function lossScaleOf({ data: [scale = NaN, goodSteps = NaN] }: Tensor): LossScale {
  if (!(scale >= smallest && scale <= largest && goodSteps >= 0)) {
    throw new LabError('corrupt', `the checkpoint holds the loss scale ${String(scale)}, which no training has`);
  }
  return { scale, goodSteps };
}
