/** What an op computes, written anew in float64. */
import type { OpAttributes } from '../../../src/main/graph/op.ts';
import type { Tensor64 } from './tensor.ts';

export type ReferenceOp = (inputs: readonly Tensor64[], attributes: OpAttributes) => readonly Tensor64[];
