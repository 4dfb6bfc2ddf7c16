/**
 * How photographs become what a network was trained on: `preprocessor_config.json` of transformers, `pretrained_cfg` of timm, or what
 * the family is known to have been trained with.
 */
import { z } from 'zod';
import { LabError } from '../../../../shared/errors.ts';
import type { ImagePreprocessing } from '../../../../shared/spec/manifests/model.ts';
import type { ModelSource } from '../../source.ts';

/** Of ImageNet, as torchvision has them. */
export const imagenetStatistics = {
  mean: [0.485, 0.456, 0.406],
  standardDeviation: [0.229, 0.224, 0.225],
};

/** From −1 to 1, as the networks of TensorFlow and the first vision transformers read pixels. */
export const centredStatistics = { mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5] };

type Statistics = ImagePreprocessing['statistics'];

/** The shorter side to `size / share`, then the centre of size × size. */
export function centreCrop(size: number, share: number, statistics: Statistics): ImagePreprocessing {
  return {
    ...squareOf(size, statistics),
    fit: 'center-crop',
    resizeShorter: Math.max(size, Math.floor(size / share)),
  };
}

/** Both sides to size on their own. */
export function stretched(size: number, statistics: Statistics): ImagePreprocessing {
  return { ...squareOf(size, statistics), fit: 'stretch', resizeShorter: null };
}

const squareOf = (size: number, statistics: Statistics) =>
  ({ height: size, width: size, channels: 3, channelOrder: 'rgb', statistics }) as const;

const triple = z.array(z.number().min(0).max(1)).length(3);
const side = z.int().min(1).max(16384);

const timmFields = z.looseObject({
  input_size: z.tuple([z.literal(3), side, side]),
  mean: triple.optional(),
  std: triple.optional(),
  crop_pct: z.number().gt(0).max(1).optional(),
  crop_mode: z.enum(['center', 'squash', 'border']).optional(),
});

const transformersFields = z.looseObject({
  do_resize: z.boolean().default(true),
  do_center_crop: z.boolean().default(false),
  do_normalize: z.boolean().default(true),
  size: z
    .union([
      side,
      z.looseObject({ height: side, width: side }),
      z.looseObject({ shortest_edge: side }).transform(({ shortest_edge: shortest }) => ({ shortest })),
    ])
    .optional(),
  crop_size: z.union([side, z.looseObject({ height: side, width: side })]).optional(),
  crop_pct: z.number().gt(0).max(1).nullish(),
  image_mean: triple.optional(),
  image_std: triple.optional(),
});

/**
 * What the files beside the weights say, or `convention` where they say nothing. Throws `LabError('bad-input')` for values that make
 * no sense, naming the file and the field.
 */
export async function imagePreprocessing(
  source: ModelSource,
  convention: ImagePreprocessing,
): Promise<ImagePreprocessing> {
  const theirs = await source.json('preprocessor_config.json');
  if (theirs !== undefined) {
    return fromTransformers(parsed(transformersFields, theirs, source, 'preprocessor_config.json'), convention);
  }
  const timm = source.config?.pretrained_cfg;
  if (timm !== undefined) return fromTimm(parsed(timmFields, timm, source, 'config.json: pretrained_cfg'), convention);
  return convention;
}

function parsed<Fields>(schema: z.ZodType<Fields>, value: unknown, source: ModelSource, where: string): Fields {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const message = issue ? `${issue.path.join('.')}: ${issue.message}` : 'it cannot be read';
  throw new LabError('bad-input', `${source.folder}: ${where}: ${message}`, { folder: source.folder });
}

function fromTimm(fields: z.output<typeof timmFields>, convention: ImagePreprocessing): ImagePreprocessing {
  const [, height, width] = fields.input_size;
  const statistics = statisticsOf(fields.mean, fields.std, convention);
  const sizes = { height, width, channels: 3, channelOrder: 'rgb', statistics } as const;
  if (fields.crop_mode === 'squash') return { ...sizes, fit: 'stretch', resizeShorter: null };
  if (fields.crop_mode === 'border') return { ...sizes, fit: 'contain', resizeShorter: null };
  const shorter = Math.min(height, width);
  return { ...sizes, fit: 'center-crop', resizeShorter: Math.floor(shorter / (fields.crop_pct ?? 0.875)) };
}

function fromTransformers(
  fields: z.output<typeof transformersFields>,
  convention: ImagePreprocessing,
): ImagePreprocessing {
  const statistics = fields.do_normalize
    ? statisticsOf(fields.image_mean, fields.image_std, convention)
    : { mean: [0, 0, 0], standardDeviation: [1, 1, 1] };
  const whole = { channels: 3, channelOrder: 'rgb', statistics } as const;
  const { size, crop_size: crop, crop_pct: share } = fields;
  const both = (value: number | { height: number; width: number }) =>
    typeof value === 'number' ? { height: value, width: value } : { height: value.height, width: value.width };
  if (!fields.do_resize || size === undefined) return { ...convention, statistics };
  if (typeof size === 'object' && 'shortest' in size) {
    const shortest = Number(size.shortest);
    // With a share of the image (ConvNext's and ResNet's processor) the size is that of the crop.
    const target = crop !== undefined && fields.do_center_crop ? both(crop) : both(shortest);
    const shorter = share === undefined || share === null ? shortest : Math.floor(shortest / share);
    return { ...whole, ...target, fit: 'center-crop', resizeShorter: shorter };
  }
  const target = both(size); // the other kind was handled above
  if (fields.do_center_crop && crop !== undefined) {
    return { ...whole, ...both(crop), fit: 'center-crop', resizeShorter: Math.min(target.height, target.width) };
  }
  return { ...whole, ...target, fit: 'stretch', resizeShorter: null };
}

function statisticsOf(
  mean: readonly number[] | undefined,
  deviation: readonly number[] | undefined,
  { statistics }: ImagePreprocessing,
): Statistics {
  return {
    mean: [...(mean ?? statistics.mean)],
    standardDeviation: [...(deviation ?? statistics.standardDeviation)],
  };
}
