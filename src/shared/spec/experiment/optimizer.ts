/** Optimizers as data: named ones, and chains of transforms that a person puts together. */
import { z } from 'zod';
import { scheduleOptions } from './schedule.ts';

const beta1 = z.number().min(0).lt(1).default(0.9).describe('Decay of the first moment');
const beta2 = z.number().min(0).lt(1).default(0.999).describe('Decay of the second moment');
const epsilon = z.number().positive().default(1e-6).describe('Added to the root of the second moment');
const momentum = (value: number) => z.number().min(0).lt(1).default(value).describe('Momentum; 0 for none');
const nesterov = (value: boolean) => z.boolean().default(value).describe("Nesterov's momentum");
const iterations = z.int().min(1).max(20).default(5).describe('Newton–Schulz iterations');
const clipNorm = z.number().min(0).default(1).describe('Gradients are scaled down to this global L2 norm; 0: never');
const weightDecay = (value: number) =>
  z.number().min(0).default(value).describe('Decoupled weight decay of matrices and kernels');

const adamW = z
  .strictObject({
    type: z.literal('adamw').default('adamw'),
    beta1,
    beta2,
    epsilon,
    weightDecay: weightDecay(0.01),
    clipNorm,
  })
  .describe('AdamW (Loshchilov and Hutter, 2019); defaults of BERT');

const sgd = z
  .strictObject({
    type: z.literal('sgd'),
    momentum: momentum(0.9),
    nesterov: nesterov(false),
    weightDecay: weightDecay(1e-4),
    clipNorm,
  })
  .describe('Stochastic gradient descent');

const muon = z
  .strictObject({
    type: z.literal('muon'),
    matrixLearningRate: z
      .number()
      .positive()
      .default(0.02)
      .describe('Largest learning rate of the hidden matrices; all else has training.learningRate'),
    momentum: momentum(0.95),
    nesterov: nesterov(true),
    iterations,
    beta1,
    beta2,
    epsilon,
    weightDecay: weightDecay(0.01),
    clipNorm,
  })
  .describe(
    'Muon (Jordan, 2024): orthogonal updates for the matrices inside the backbone, AdamW for embeddings, heads, biases and gains',
  );

const transforms = {
  clip: z
    .strictObject({
      type: z.literal('clip'),
      norm: z.number().positive().default(1).describe('Largest global L2 norm'),
    })
    .describe('Scales all gradients down to a global norm; the first of the chain'),
  momentum: z
    .strictObject({ type: z.literal('momentum'), decay: momentum(0.9), nesterov: nesterov(false) })
    .describe('Sums of updates that fade, as in SGD with momentum'),
  adam: z
    .strictObject({ type: z.literal('adam'), beta1, beta2, epsilon })
    .describe('First over second moment, corrected for their bias (Kingma and Ba, 2015)'),
  orthogonalise: z
    .strictObject({ type: z.literal('orthogonalise'), iterations })
    .describe("Muon's orthogonal update, for hidden matrices"),
  decay: z
    .strictObject({ type: z.literal('decay'), rate: z.number().min(0).default(0.01).describe('Times the weight') })
    .describe('Adds a part of the weights: decoupled decay after the moments, an L2 penalty before them'),
  scale: z
    .strictObject({ type: z.literal('scale'), factor: z.number().describe('Factor') })
    .describe('Multiplies the update'),
  schedule: z
    .strictObject({ type: z.literal('schedule'), schedule: scheduleOptions })
    .describe(
      'Multiplies the update by a schedule of the learning rate, in the place of training.schedule; the last of the chain',
    ),
};

const link = z.discriminatedUnion('type', [
  transforms.momentum,
  transforms.adam,
  transforms.orthogonalise,
  transforms.decay,
  transforms.scale,
]);

const countOf = (list: readonly { readonly type: string }[], type: string): number =>
  list.filter((one) => one.type === type).length;

const chain = z
  .strictObject({
    type: z.literal('chain'),
    transforms: z
      .array(z.discriminatedUnion('type', [transforms.clip, ...link.options, transforms.schedule]))
      .min(1)
      .describe(
        'One after the other; the update times the learning rate, which a schedule scales, is then taken off the weights',
      ),
    matrices: z.array(link).min(1).optional().describe('Another chain for the matrices inside the backbone'),
  })
  .refine(({ transforms: list }) => list.every(({ type }, index) => type !== 'clip' || index === 0), {
    message: 'clip comes first: it looks at the gradients of all weights together',
    path: ['transforms'],
  })
  .refine(({ transforms: list }) => list.every(({ type }, index) => type !== 'schedule' || index === list.length - 1), {
    message: 'schedule comes last: it is the factor of the learning rate, of all weights alike',
    path: ['transforms'],
  })
  .refine(
    ({ transforms: list, matrices = [] }) =>
      countOf(list, 'orthogonalise') <= 1 && countOf(matrices, 'orthogonalise') <= 1,
    { message: 'orthogonalise can be in a chain once', path: ['transforms'] },
  )
  .describe('A chain of transforms, as in optax');

export const optimizerSpec = z
  .discriminatedUnion('type', [adamW, sgd, muon, chain])
  .default({ type: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weightDecay: 0.01, clipNorm: 1 })
  .describe('The optimizer');

export type OptimizerSpec = z.output<typeof optimizerSpec>;
