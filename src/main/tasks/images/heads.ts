/** The heads of the image tasks. Each lives under its own name in the scope `head`. */
import type { Value } from '../../graph/index.ts';
import { output, relu, reshape, sizeAt, withScope } from '../../graph/index.ts';
import type { BuildContext } from '../../nn/block.ts';
import { poolToGrid } from '../../nn/blocks/pooling.ts';
import { batchNormalizationLayer } from '../../nn/image-layers.ts';
import { denseLayer } from '../../nn/layers.ts';
import type { Backbone } from '../../nn/pipeline.ts';
import { backboneOutput } from '../../nn/pipeline.ts';
import { classHead, classLoss } from '../classification/head.ts';
import { placeCount } from './patch-geometry.ts';
import { turnCount } from './turned-images.ts';

const initialisation = 'glorot';
const normalisation = { momentum: 0.9, epsilon: 1e-5 };

/**
 * Late fusion: the embeddings of both patches of a pair, which lie one after the other, side by side through one dense layer
 * to the eight places. Outputs `embeddings` [2 · batch, features] in evaluation, and as `classLoss`.
 */
export function patchPairHead(context: BuildContext, backbone: Backbone, fusion: number): Value | undefined {
  const { program, mode, batchSize } = context;
  const embeddings = backboneOutput(backbone, 'vector', 'patch-position');
  if (mode === 'evaluation') output(program, 'embeddings', embeddings);
  const both = reshape(embeddings, [batchSize, 2 * sizeAt(embeddings.shape, 1)]);
  return withScope(program, 'head', () =>
    withScope(program, 'patch-position', () => {
      const product = denseLayer(both, 'fusion', fusion, { initialisation: 'he', bias: false });
      const fused = relu(batchNormalizationLayer(product, 'normalisation', context, normalisation));
      return classLoss(context, denseLayer(fused, 'output', placeCount, { initialisation: 'glorot' }));
    }),
  );
}

/** What a linear classifier of images reads. */
export type ImageFeatures = 'vector' | 'map';

/** One dense layer to the classes. Outputs `embeddings` [batch, features] in evaluation, and as `classLoss`. */
export function imageClassHead(
  context: BuildContext,
  backbone: Backbone,
  { features, dropout, classCount }: { features: ImageFeatures; dropout: number; classCount: number },
): Value | undefined {
  const found = backboneOutput(backbone, features, 'image-classification');
  const vector =
    found.shape.length === 2 ? found : reshape(poolToGrid(found, [1, 1], 'average'), [context.batchSize, -1]);
  return classHead(context, { scope: 'image-classes', classCount, dropout, initialisation, pooled: () => vector });
}

/** How an image is turned: one dense layer to four classes. Outputs as `imageClassHead`. */
export function rotationHead(context: BuildContext, backbone: Backbone): Value | undefined {
  const pooled = (): Value => backboneOutput(backbone, 'vector', 'rotation');
  return classHead(context, { scope: 'rotation', classCount: turnCount, dropout: 0, initialisation, pooled });
}

export interface ProjectionOptions {
  readonly layers: number;
  readonly hidden: number;
  readonly features: number;
}

/**
 * The projection of contrastive views (T. Chen et al. 2020, section 4.2): dense layers with batch normalisation and ReLU, the
 * last one bare. It is where the loss is taken, and is thrown away afterwards. Outputs `embeddings` [rows, …] in evaluation.
 */
export function projectionHead(context: BuildContext, backbone: Backbone, options: ProjectionOptions): Value {
  const { program, mode } = context;
  const embeddings = backboneOutput(backbone, 'vector', 'contrastive-views');
  if (mode === 'evaluation') output(program, 'embeddings', embeddings);
  return withScope(program, 'head', () =>
    withScope(program, 'contrastive-views', () => {
      let x = embeddings;
      for (let layer = 1; layer < options.layers; layer += 1) {
        const product = denseLayer(x, `hidden.${layer}`, options.hidden, { initialisation: 'he', bias: false });
        x = relu(batchNormalizationLayer(product, `normalisation.${layer}`, context, normalisation));
      }
      return denseLayer(x, 'projection', options.features, { initialisation: 'glorot', bias: false });
    }),
  );
}
