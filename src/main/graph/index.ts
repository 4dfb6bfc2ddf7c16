/**
 * Everything that blocks and tasks build programs with. Importing it registers every op: a new family of ops is one file
 * in `ops/` and one line here.
 */
export * from './program.ts';
export { elementCount, sizeAt } from './shape.ts';
export { appendGradients } from './autodiff.ts';
export * from './ops/activations.ts';
export * from './ops/attention.ts';
export * from './ops/await-value.ts';
export * from './ops/batch-normalisation.ts';
export * from './ops/convolution.ts';
export * from './ops/dropout.ts';
export * from './ops/elementwise.ts';
export * from './ops/gather.ts';
export * from './ops/losses.ts';
export * from './ops/matmul.ts';
export * from './ops/monotonic-alignment.ts';
export * from './ops/normalisation.ts';
export * from './ops/pooling.ts';
export * from './ops/recurrence/columns.ts';
export * from './ops/recurrence/recurrence.ts';
export * from './ops/reductions.ts';
export * from './ops/rotary.ts';
export * from './ops/shape.ts';
export * from './ops/softmax.ts';
export * from './ops/transposed-convolution.ts';
