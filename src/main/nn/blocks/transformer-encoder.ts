/**
 * The Transformer encoder (Vaswani et al. 2017), with normalisation after each sublayer as in BERT, or before it, which
 * trains without warm-up (Xiong et al. 2020). Weights of layer n are under `layer.n/`.
 */
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import type { RotaryAngles } from '../../graph/index.ts';
import {
  add,
  attention,
  concat,
  constant,
  multiply,
  reshape,
  rotaryAngles,
  rotate,
  scale,
  shift,
  sizeAt,
  split,
  subtract,
  transpose,
} from '../../graph/index.ts';
import type { Value } from '../../graph/program.ts';
import { rememberScope, withScope } from '../../graph/program.ts';
import type { BuildContext } from '../block.ts';
import { defineBlock } from '../block.ts';
import type { DenseOptions, NormalizationOptions } from '../layers.ts';
import {
  activations,
  denseLayer,
  dropoutLayer,
  dropoutOption,
  feedForwardActivationOption,
  gatedActivations,
  gatedLayer,
  initialisationOption,
  normalisationTypeOption,
  normalizationLayer,
  tileRows,
} from '../layers.ts';
import type { Positions } from '../positions.ts';
import { offerPositions } from '../positions.ts';
import { relativePositionBias } from '../relative-positions.ts';

const options = z.strictObject({
  layers: z.int().positive().default(2).describe('Number of layers'),
  heads: z.int().positive().default(2).describe('Attention heads; divides the number of features'),
  feedForwardSize: z
    .int()
    .positive()
    .optional()
    .describe(
      'Inner size of the feed-forward sublayer; by default 4 × features, or 8/3 × features in multiples of 16 where the activation is gated',
    ),
  activation: feedForwardActivationOption.default('gelu'),
  positions: z
    .enum(['none', 'rotary', 'relative'])
    .default('none')
    .describe(
      'rotary: queries and keys are turned by their positions (Su et al. 2021), so that attention knows distances from the first step on. relative: each head learns a bias for each range of distances (Raffel et al. 2020). none: positions come with the input, or not at all',
    ),
  rotaryBase: z
    .number()
    .positive()
    .default(10_000)
    .describe('Rotary positions: the larger, the slower the slowest pair of features turns'),
  buckets: z
    .int()
    .min(4)
    .multipleOf(2)
    .default(32)
    .describe('Relative positions: ranges of distances that have a bias of their own, both directions together'),
  maximumDistance: z.int().positive().default(128).describe('Relative positions: distances from here on share a bias'),
  window: z
    .int()
    .positive()
    .optional()
    .describe(
      'Local attention (Beltagy et al. 2020): a position sees half as many positions on each side; left out, every layer sees the whole text',
    ),
  fullEvery: z
    .int()
    .positive()
    .default(3)
    .describe('With a window: one layer in this many, beginning with the first, sees the whole text, as in ModernBERT'),
  localRotaryBase: z
    .number()
    .positive()
    .optional()
    .describe('Rotary positions of the layers with a window; by default as those of the others'),
  normalisation: z
    .enum(['post', 'pre'])
    .default('post')
    .describe('Normalisation after each sublayer (BERT) or before it'),
  normalisationType: normalisationTypeOption.default('layer'),
  normaliseFirst: z
    .boolean()
    .default(true)
    .describe(
      'Pre-normalisation: also before the attention of the first layer. ModernBERT leaves it out, because its embedding is normalised',
    ),
  finalNormalisation: z
    .boolean()
    .optional()
    .describe('Normalisation of the result; by default with pre-normalisation, where nothing else has normalised it'),
  queryKeyNormalisation: z
    .boolean()
    .default(false)
    .describe('Normalises each query and key, which keeps attention from saturating (Henry et al. 2020)'),
  bias: z.boolean().default(true).describe('Biases in the projections and in layer normalisation'),
  causal: z
    .boolean()
    .default(false)
    .describe('Each position sees only itself and earlier ones: for next-word prediction'),
  epsilon: z.number().positive().default(1e-12).describe('Added to the variance in the normalisations'),
  dropout: dropoutOption.default(0.1),
  attentionDropout: dropoutOption.default(0.1),
  initialisation: initialisationOption.default('truncated-normal'),
  outputInitialisation: z
    .enum(['same', 'depth-scaled', 'zero'])
    .default('same')
    .describe(
      'How the projections start that are added to the residual connection: as all others, smaller by √(2 × layers) (Radford et al. 2019), or as zeros, so that each layer begins as the identity',
    ),
});

type Options = z.infer<typeof options>;

/** What all layers share. */
interface Shared {
  readonly context: BuildContext;
  readonly settings: Options;
  readonly length: number;
  readonly whole: Sight;
  /** Of the layers with a window; those that see everything where there is none. */
  readonly local: Sight;
}

/** What a layer sees, and how it knows places. */
interface Sight {
  /** Added to the attention logits: where padding is, [batch, 1, 1, length]. */
  readonly padding: Value | undefined;
  /** The same for what each position must not see, [1, 1, length, length], or what it learns of distances, with a head in front. */
  readonly places: Value | undefined;
  readonly angles: RotaryAngles | undefined;
}

defineBlock({
  type: 'transformer-encoder',
  family: 'attention',
  title: 'Transformer encoder',
  summary:
    'Layers of multi-head self-attention and feed-forward networks with residual connections (Vaswani et al. 2017).',
  options,
  ignoresPadding: true,
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
    const sizes = [length, features] as const;
    const relative =
      settings.positions === 'relative' ? relativePositionBias(context.program, length, settings) : undefined;
    const whole = sightOf(context, sizes, { mask, relative }, settings);
    const local =
      settings.window === undefined ? whole : sightOf(context, sizes, { mask, relative }, settings, settings.window);
    const shared: Shared = { context, settings, length, whole, local };
    const layers: Record<string, Value> = {};
    // Positions are rows of one matrix between the sublayers, which saves the reshapes around every matrix product.
    let rows = reshape(sequence!, [batch * length, features]);
    let below = rows;
    for (let layer = 0; layer < settings.layers; layer++) {
      below = rows;
      rows = withScope(context.program, `layer.${String(layer)}`, () => encoderLayer(shared, rows, layer));
      layers[`layer-${String(layer)}`] = reshape(rows, [batch, length, features]);
    }
    const isFinallyNormalised = settings.finalNormalisation ?? settings.normalisation === 'pre';
    const finished = (result: Value): Value =>
      isFinallyNormalised ? normalizationLayer(result, 'normalisation', normalizationOf(settings)) : result;
    const result = reshape(finished(rows), [batch, length, features]);
    const here = rememberScope(context.program);
    const top = settings.layers - 1;
    if (!relative) {
      offerPositions(result, (positions) =>
        here(() => {
          const build = (): Value => encoderLayer(shared, below, top, positions);
          const chosen = withScope(context.program, `layer.${String(top)}`, build);
          return reshape(finished(chosen), [batch, positions.count, features]);
        }),
      );
    }
    return { sequence: result, ...layers };
  },
});

/** Throws as `headAngles`. */
function sightOf(
  context: BuildContext,
  [length, features]: readonly [number, number],
  { mask, relative }: { readonly mask: Value | undefined; readonly relative: Value | undefined },
  settings: Options,
  window?: number,
): Sight {
  const rotaryBase = window === undefined ? settings.rotaryBase : (settings.localRotaryBase ?? settings.rotaryBase);
  const hidden = hiddenPlaces(context, { causal: settings.causal, window }, length);
  return {
    padding: mask && reshape(scale(shift(mask, -1), 1e4), [mask.shape[0]!, 1, 1, length]),
    places: hidden && relative ? add(relative, hidden) : (relative ?? hidden),
    angles: headAngles(context, length, features, { ...settings, rotaryBase }),
  };
}

/** Throws `LabError('bad-spec')` for heads that do not divide the features, or that rotary positions cannot turn. */
function headAngles(
  { program }: BuildContext,
  length: number,
  features: number,
  { heads, positions, rotaryBase }: Options,
): RotaryAngles | undefined {
  if (features % heads !== 0) {
    throw new LabError(
      'bad-spec',
      `${features} features cannot be divided among ${heads} heads: make the hidden size a multiple of heads`,
    );
  }
  if (positions !== 'rotary') return undefined;
  const headSize = features / heads;
  if (headSize % 2 !== 0) {
    throw new LabError(
      'bad-spec',
      `rotary positions turn pairs of features, and a head has ${headSize}: make the hidden size a multiple of ${2 * heads}`,
    );
  }
  return rotaryAngles(program, length, headSize, rotaryBase);
}

const normalizationOf = ({ normalisationType, bias, epsilon }: Options): NormalizationOptions => ({
  type: normalisationType,
  bias,
  epsilon,
});

const denseOf = ({ initialisation, bias }: Options): DenseOptions => ({ initialisation, bias });

/** Of the projections whose result is added to the residual connection. */
function outputDenseOf(settings: Options): DenseOptions {
  const scales = { same: 1, 'depth-scaled': 1 / Math.sqrt(2 * settings.layers), zero: 0 };
  return { ...denseOf(settings), initialScale: scales[settings.outputInitialisation] };
}

/** One layer over the rows of all positions; with `positions`, its result at those alone. */
function encoderLayer(shared: Shared, x: Value, layer: number, positions?: Positions): Value {
  const { settings, context } = shared;
  const { normalisation, dropout } = settings;
  const normalised = (rows: Value, name: string): Value =>
    normalizationLayer(rows, `${name}-normalisation`, normalizationOf(settings));
  const before = (rows: Value, name: string): Value => {
    const isFirst = layer === 0 && name === 'attention';
    return normalisation === 'pre' && (settings.normaliseFirst || !isFirst) ? normalised(rows, name) : rows;
  };
  const after = (rows: Value, name: string, result: Value): Value => {
    const sum = add(rows, dropoutLayer(result, dropout, context.mode));
    return normalisation === 'post' ? normalised(sum, name) : sum;
  };
  const sight = layer % settings.fullEvery === 0 ? shared.whole : shared.local;
  const rows = positions ? rowsAt(x, shared.length, positions) : x;
  const seen = before(x, 'attention');
  const asking = positions ? before(rows, 'attention') : seen;
  const attended = after(rows, 'attention', selfAttention(shared, sight, asking, seen, positions));
  return after(attended, 'feed-forward', feedForward(context, before(attended, 'feed-forward'), settings));
}

/** Rows of positions of [batch · length, features] → [batch · count, features]. */
function rowsAt(rows: Value, length: number, positions: Positions): Value {
  const [count, features] = rows.shape as readonly [number, number]; // rows is a matrix
  return reshape(positions.of(reshape(rows, [count / length, length, features])), [-1, features]);
}

/** `asking` are the rows of `positions`, or of all; they attend to all that are `seen`. */
function selfAttention(
  { context, settings, length }: Shared,
  { padding, places, angles }: Sight,
  asking: Value,
  seen: Value,
  positions: Positions | undefined,
): Value {
  const [count, features] = asking.shape as readonly [number, number]; // rows is a matrix
  const { heads } = settings;
  const headSize = features / heads;
  const batch = sizeAt(seen.shape, 0) / length;
  const project = (name: string, rows: Value): Value => {
    const projected = denseLayer(rows, name, features, denseOf(settings));
    return transpose(reshape(projected, [batch, -1, heads, headSize]), [0, 2, 1, 3]);
  };
  const compared = (name: string, rows: Value): Value => {
    const projected = project(name, rows);
    return settings.queryKeyNormalisation
      ? normalizationLayer(projected, `${name}-normalisation`, normalizationOf(settings))
      : projected;
  };
  return withScope(context.program, 'attention', () => {
    const [query, key] = [compared('query', asking), compared('key', seen)];
    const turned = (x: Value): Value => (angles ? rotate(x, angles) : x);
    const turnedQuery = positions && angles ? rotateAt(query, angles, positions) : turned(query);
    const own = positions && places ? placesAt(places, length, positions) : places;
    const bias = own && padding ? add(own, padding) : (own ?? padding);
    const mixed = attention(turnedQuery, turned(key), project('value', seen), {
      ...(bias && { bias }),
      scale: 1 / Math.sqrt(headSize),
      dropout: context.mode === 'training' ? settings.attentionDropout : 0,
    });
    const merged = reshape(transpose(mixed, [0, 2, 1, 3]), [count, features]);
    return denseLayer(merged, 'output', features, outputDenseOf(settings));
  });
}

/** As `rotate`, for x [batch, heads, count, size] at some positions. */
function rotateAt(x: Value, { cosines, sines }: RotaryAngles, positions: Positions): Value {
  const ofHeads = (table: Value): Value => {
    const chosen = positions.ofTable(table);
    return reshape(chosen, [sizeAt(chosen.shape, 0), 1, positions.count, sizeAt(table.shape, 1)]);
  };
  const [cosine, sine] = [ofHeads(cosines), ofHeads(sines)];
  const [left, right] = split(x, -1, 2) as [Value, Value]; // cut in two
  return concat(
    [subtract(multiply(left, cosine), multiply(right, sine)), add(multiply(right, cosine), multiply(left, sine))],
    -1,
  );
}

/** Rows of [1, 1, length, length] → [batch or 1, 1, count, length]. */
function placesAt(places: Value, length: number, positions: Positions): Value {
  const chosen = positions.ofTable(reshape(places, [length, length]));
  return reshape(chosen, [sizeAt(chosen.shape, 0), 1, positions.count, length]);
}

function feedForward(context: BuildContext, rows: Value, settings: Options): Value {
  const features = rows.shape[1]!; // rows is a matrix
  const { activation } = settings;
  const inner = (slice: Value): Value =>
    activation === 'geglu' || activation === 'swiglu'
      ? gatedLayer(slice, 'inner', innerSize(features, settings), gatedActivations[activation], denseOf(settings))
      : activations[activation](denseLayer(slice, 'inner', innerSize(features, settings), denseOf(settings)));
  return withScope(context.program, 'feed-forward', () =>
    tileRows(rows, 4 * innerSize(features, settings), (slice) =>
      denseLayer(inner(slice), 'outer', features, outputDenseOf(settings)),
    ),
  );
}

function innerSize(features: number, { feedForwardSize: given, activation }: Options): number {
  if (given !== undefined) return given;
  return activation in gatedActivations ? Math.max(16, 16 * Math.floor(features / 6)) : 4 * features;
}

/** What is added to the attention logits: −10⁴ where a position must not be looked at, as BERT does. */
function hiddenPlaces(
  { program }: BuildContext,
  { causal, window }: { readonly causal: boolean; readonly window: number | undefined },
  length: number,
): Value | undefined {
  const reach = window === undefined ? length : Math.floor(window / 2);
  if (!causal && reach >= length - 1) return undefined;
  const hidden = Float32Array.from({ length: length * length }, (_, index) => {
    const distance = (index % length) - Math.floor(index / length); // of the position that is looked at
    return (causal && distance > 0) || Math.abs(distance) > reach ? -1e4 : 0;
  });
  return constant(program, hidden, [1, 1, length, length]);
}
