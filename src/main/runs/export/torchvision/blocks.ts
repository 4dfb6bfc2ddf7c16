/** The options of a pipeline's blocks, with their defaults. */
import type { PipelineGraph } from '../../../../shared/spec/pipeline.ts';
import { findBlock } from '../../../nn/index.ts';

export interface BlockNumbers {
  readonly type: string;
  /** Undefined for an option that is not there or no number. */
  number(option: string): number | undefined;
}

/** Those of some types, in order. */
export function blocksOf(pipeline: PipelineGraph, types: readonly string[]): readonly BlockNumbers[] {
  return pipeline.blocks
    .filter(({ type }) => types.includes(type))
    .map(({ type, options }) => {
      const parsed = withDefaults(type, options);
      return {
        type,
        number(option) {
          const value = parsed[option];
          return typeof value === 'number' ? value : undefined;
        },
      };
    });
}

/** The options of a block of this type, written out. Throws zod's error for options that do not fit. */
export function withDefaults(type: string, options: unknown): Readonly<Record<string, unknown>> {
  return findBlock(type).options.parse(options ?? {}) as Readonly<Record<string, unknown>>; // options of blocks are objects
}
