/** From what a backbone gives, whatever it reads, to one vector for each example. */
import { LabError } from '../../../shared/errors.ts';
import type { Value } from '../../graph/index.ts';
import { output, reshape, withScope } from '../../graph/index.ts';
import type { BuildContext } from '../../nn/block.ts';
import { poolByAttention } from '../../nn/blocks/attention-pooling.ts';
import { poolToGrid } from '../../nn/blocks/pooling.ts';
import { poolSequence } from '../../nn/blocks/sequence-pooling.ts';
import { denseLayer, dropoutLayer } from '../../nn/layers.ts';
import type { Backbone } from '../../nn/pipeline.ts';
import { backboneOutput } from '../../nn/pipeline.ts';
import { poolOverTime } from '../audio/pool-over-time.ts';
import type { TargetOptions } from './target-options.ts';

/** Units of the network that rates the positions in attention pooling. */
const RATING_FEATURES = 64;

/**
 * One dense layer from the features to the targets, [batch, targets], under the scope `head/<task>`. Outputs `embeddings` [batch,
 * features] in evaluation.
 */
export function targetLayer(
  context: BuildContext,
  backbone: Backbone,
  mask: Value | undefined,
  { features, dropout }: Pick<TargetOptions, 'features' | 'dropout'>,
  { task, targets }: { readonly task: string; readonly targets: number },
): Value {
  const { program, mode } = context;
  return withScope(program, 'head', () =>
    withScope(program, task, () => {
      const vector = vectorOf(context, backbone, mask, features, task);
      if (mode === 'evaluation') output(program, 'embeddings', vector);
      return denseLayer(dropoutLayer(vector, dropout, mode), 'output', targets);
    }),
  );
}

function vectorOf(
  { input, batchSize }: BuildContext,
  backbone: Backbone,
  mask: Value | undefined,
  asked: TargetOptions['features'],
  task: string,
): Value {
  const features = asked === 'auto' ? usual(input.kind, backbone) : asked;
  if (features === 'vector') return backboneOutput(backbone, 'vector', task);
  if (features === 'map') {
    const map = backboneOutput(backbone, 'map', task);
    return map.shape.length === 2 ? map : reshape(poolToGrid(map, [1, 1], 'average'), [batchSize, -1]);
  }
  const sequence = backboneOutput(backbone, 'sequence', task);
  if (input.kind === 'tokens' && features !== 'attention') return poolSequence(sequence, mask, features);
  if (features !== 'attention') return poolOverTime(sequence, mask, features, task);
  if (input.kind !== 'tokens') {
    throw new LabError('bad-spec', `${task}: task.features: attention pools the tokens of texts, not ${input.kind}`);
  }
  return poolByAttention(sequence, mask, RATING_FEATURES).vector;
}

function usual(kind: BuildContext['input']['kind'], { outputs }: Backbone): 'vector' | 'map' | 'mean' {
  if (kind === 'tokens' && outputs.sequence) return 'mean';
  if (outputs.vector) return 'vector';
  return outputs.map ? 'map' : 'mean';
}
