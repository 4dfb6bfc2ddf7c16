/**
 * The Transformer encoder (Vaswani et al. 2017), with normalisation after each sublayer as in BERT, or before it, which
 * trains without warm-up (Xiong et al. 2020). Weights of layer n are under `layer.n/`.
 */
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import { add, attention, constant, reshape, scale, shift, transpose } from '../../graph/index.ts';
import type { Value } from '../../graph/program.ts';
import { withScope } from '../../graph/program.ts';
import type { BuildContext } from '../block.ts';
import { defineBlock } from '../block.ts';
import {
  activationOption,
  activations,
  denseLayer,
  dropoutLayer,
  dropoutOption,
  initialisationOption,
  layerNormalizationLayer,
  tileRows,
} from '../layers.ts';

const options = z.strictObject({
  layers: z.int().positive().default(2).describe('Number of layers'),
  heads: z.int().positive().default(2).describe('Attention heads; divides the number of features'),
  feedForward: z
    .int()
    .positive()
    .optional()
    .describe('Inner size of the feed-forward sublayer; 4 × features by default'),
  activation: activationOption.default('gelu'),
  normalisation: z
    .enum(['post', 'pre'])
    .default('post')
    .describe('Layer normalisation after each sublayer (BERT) or before it'),
  causal: z
    .boolean()
    .default(false)
    .describe('Each position sees only itself and earlier ones: for next-word prediction'),
  epsilon: z.number().positive().default(1e-12).describe('Added to the variance in layer normalisation'),
  dropout: dropoutOption.default(0.1),
  attentionDropout: dropoutOption.default(0.1),
  initialisation: initialisationOption.default('truncated-normal'),
});

type Options = z.infer<typeof options>;

defineBlock({
  type: 'transformer-encoder',
  family: 'attention',
  title: 'Transformer encoder',
  summary:
    'Layers of multi-head self-attention and feed-forward networks with residual connections (Vaswani et al. 2017).',
  options,
  inputs: [
    { name: 'sequence', summary: 'A vector for each position', axes: ['batch', 'length', 'features'] },
    { name: 'mask', summary: '1 at real positions, 0 at padding', axes: ['batch', 'length'], optional: true },
  ],
  outputs: [
    {
      name: 'sequence',
      summary: 'The same positions, each informed by the others',
      axes: ['batch', 'length', 'features'],
    },
  ],
  build(context, { sequence, mask }, settings) {
    const [batch, length, features] = sequence!.shape as readonly [number, number, number]; // the port has three axes
    if (features % settings.heads !== 0) {
      throw new LabError(
        'bad-spec',
        `${features} features cannot be divided among ${settings.heads} heads: make features a multiple of heads`,
      );
    }
    const bias = attentionBias(context, settings.causal, length, mask);
    const layers: Record<string, Value> = {};
    // Positions are rows of one matrix between the sublayers, which saves the reshapes around every matrix product.
    let rows = reshape(sequence!, [batch * length, features]);
    for (let layer = 0; layer < settings.layers; layer++) {
      rows = withScope(context.program, `layer.${String(layer)}`, () =>
        encoderLayer(context, rows, length, bias, settings),
      );
      layers[`layer-${String(layer)}`] = reshape(rows, [batch, length, features]);
    }
    if (settings.normalisation === 'pre') rows = layerNormalizationLayer(rows, 'normalisation', settings.epsilon);
    return { sequence: reshape(rows, [batch, length, features]), ...layers };
  },
});

function encoderLayer(
  context: BuildContext,
  x: Value,
  length: number,
  bias: Value | undefined,
  settings: Options,
): Value {
  const { normalisation, epsilon, dropout } = settings;
  const sublayer = (rows: Value, name: string, compute: (rows: Value) => Value): Value => {
    const norm = `${name}-normalisation`;
    const before = normalisation === 'pre' ? layerNormalizationLayer(rows, norm, epsilon) : rows;
    const sum = add(rows, dropoutLayer(compute(before), dropout, context.mode));
    return normalisation === 'post' ? layerNormalizationLayer(sum, norm, epsilon) : sum;
  };
  const attended = sublayer(x, 'attention', (rows) => selfAttention(context, rows, length, bias, settings));
  return sublayer(attended, 'feed-forward', (rows) => feedForward(context, rows, settings));
}

function selfAttention(
  context: BuildContext,
  rows: Value,
  length: number,
  bias: Value | undefined,
  settings: Options,
): Value {
  const [count, features] = rows.shape as readonly [number, number]; // rows is a matrix
  const { heads, initialisation } = settings;
  const headSize = features / heads;
  const split4 = (x: Value): Value => transpose(reshape(x, [count / length, length, heads, headSize]), [0, 2, 1, 3]);
  return withScope(context.program, 'attention', () => {
    const [query, key, value] = ['query', 'key', 'value'].map((name) =>
      split4(denseLayer(rows, name, features, { initialisation })),
    );
    const mixed = attention(query!, key!, value!, {
      ...(bias && { bias }),
      scale: 1 / Math.sqrt(headSize),
      dropout: context.mode === 'training' ? settings.attentionDropout : 0,
    });
    const merged = reshape(transpose(mixed, [0, 2, 1, 3]), [count, features]);
    return denseLayer(merged, 'output', features, { initialisation });
  });
}

function feedForward(context: BuildContext, rows: Value, settings: Options): Value {
  const features = rows.shape[1]!; // rows is a matrix
  const { activation, initialisation } = settings;
  return withScope(context.program, 'feed-forward', () => {
    const innerFeatures = settings.feedForward ?? 4 * features;
    return tileRows(rows, 4 * innerFeatures, (slice) => {
      const inner = denseLayer(slice, 'inner', innerFeatures, { initialisation });
      return denseLayer(activations[activation](inner), 'outer', features, { initialisation });
    });
  });
}

/** What is added to the attention logits: −10⁴ where a position must not be looked at, as BERT does. */
function attentionBias(
  { program }: BuildContext,
  causal: boolean,
  length: number,
  mask: Value | undefined,
): Value | undefined {
  const padding = mask && reshape(scale(shift(mask, -1), 1e4), [mask.shape[0]!, 1, 1, length]);
  if (!causal) return padding;
  const future = Float32Array.from({ length: length * length }, (_, index) =>
    index % length > Math.floor(index / length) ? -1e4 : 0,
  );
  const triangle = constant(program, future, [1, 1, length, length]);
  return padding ? add(padding, triangle) : triangle;
}
