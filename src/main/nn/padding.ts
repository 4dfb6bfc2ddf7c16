/** Whether a pipeline can be given shorter sequences than it was laid out for, with the same results at real positions. */
import type { PipelineGraph } from '../../shared/spec/pipeline.ts';
import { findBlock } from './block.ts';

/** True where no block looks at padding: each says of itself that it ignores what is masked, and has the mask if it asks for one. */
export function ignoresPadding({ blocks }: PipelineGraph): boolean {
  return blocks.every(({ type, inputs }) => {
    const { ignoresPadding: ignores = false, inputs: ports } = findBlock(type);
    return ignores && ports.every(({ name }) => name !== 'mask' || inputs.mask === 'input.mask');
  });
}
