/** Parts that several features of the contract share. */
import { z } from 'zod';
import { imageFit } from '../spec/manifests/image-corpus.ts';

export const nothing = z.strictObject({});

export const count = z.int().min(0);

/** Milliseconds since 1970. */
export const moment = z.number();

/** A JSON schema, as forms are made from. */
export const jsonSchema = z.record(z.string(), z.unknown());

/** A JSON object of which the contract knows nothing more, such as a spec that is being written. */
export const jsonObject = z.record(z.string(), z.unknown());

/** Numbers by metric; null where one is not finite. */
export const metricValues = z.record(z.string(), z.number().nullable());

/** What is wrong with a spec, and where: `['training', 'steps']`. */
export const problem = z.object({
  path: z.array(z.union([z.string(), z.int()])),
  message: z.string(),
  /** Line of the text, where a text was given. */
  line: z.int().optional(),
  /** What would put it right: settings by dotted path, and the words for a button. */
  mend: z.object({ title: z.string(), set: z.record(z.string(), z.unknown()) }).optional(),
});
export type Problem = z.infer<typeof problem>;

/** An error for a person; the codes are those of `LabError`. */
export const failure = z.object({
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).default({}),
});
export type Failure = z.infer<typeof failure>;

/** Ready for an `img` element. */
export const picture = z.object({
  width: z.int().min(1),
  height: z.int().min(1),
  /** `data:image/png;base64,…` */
  url: z.string().regex(/^data:image\/(png|jpeg|webp);base64,/),
});
export type Picture = z.infer<typeof picture>;

export const interval = z.object({ low: z.number(), high: z.number(), confidence: z.number() });

/** Which part of a long list: at most 500 items at a time. */
export const page = { offset: count.default(0), limit: z.int().min(1).max(500).default(50) };

/** Something a network sees, as a person can look at it. Several pictures belong together, such as two patches. */
export const item = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), text: z.string(), note: z.string().optional() }),
  z.object({ kind: z.literal('image'), picture, note: z.string().optional() }),
]);
export type Item = z.infer<typeof item>;

/** Which checkpoint of a run. */
export const checkpointChoice = z.union([z.enum(['best', 'last']), z.int().min(0)]);

/** How images of other proportions become what a network reads. */
export const imageFrame = z.object({
  height: z.int(),
  width: z.int(),
  fit: imageFit,
  /** With center-crop: the shorter side before the crop; by default size ÷ 0.875. */
  resizeShorter: z.int().nullable(),
  /** As #rrggbb. */
  background: z.string(),
});
export type ImageFrame = z.infer<typeof imageFrame>;
