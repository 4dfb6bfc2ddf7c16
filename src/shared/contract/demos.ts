/** Demos: trained runs and imported models answer. A demo needs nothing of a run but its checkpoint; quizzes and projections need its data too. */
import { z } from 'zod';
import { checkpointChoice, count, imageFrame, item, nothing, picture } from './common.ts';
import { request } from './define.ts';

/** What a person gives: decides how the page of a demo looks. New tasks come with `other`, which asks for text. */
export const demoForm = z.enum([
  'masked-words',
  'masked-words-and-pair',
  'sentence-pair',
  'next-word',
  'patch-position',
  'rotation',
  'which-view',
  'classify-text',
  'classify-pair',
  'classify-image',
  'classify-sound',
  'transcribe-image',
  'transcribe-sound',
  'estimate-text',
  'estimate-image',
  'estimate-sound',
  'label-text',
  'label-image',
  'label-sound',
  'tag-text',
  'align-pair',
  /** Nothing to ask: a model without a head makes vectors alone. */
  'vectors',
  'speak-text',
  'other',
]);
export type DemoForm = z.infer<typeof demoForm>;

export const demo = z.object({
  /** How it is asked: the run's id, or `model:<name>:<task of the head>` of an imported model, `model:<name>` of one without heads. */
  run: z.string(),
  kind: z.enum(['run', 'model']),
  name: z.string(),
  task: z.string(),
  title: z.string(),
  form: demoForm,
  data: z.string(),
  /** Class names, where the task has classes. */
  classes: z.array(z.string()).nullable(),
  /** What the network reads. */
  input: z.object({ kind: z.string(), shape: z.array(z.int()) }),
  /** How pictures are cut for it; null for networks that read none. */
  frame: imageFrame.nullable(),
  finishedAt: z.number().nullable(),
  metric: z.object({ name: z.string(), value: z.number().nullable() }).nullable(),
  /** Something to begin with, such as "the man went to the [MASK] ." */
  examples: z.array(z.object({ text: z.string(), textPair: z.string().nullable() })),
});
export type Demo = z.infer<typeof demo>;

export const answer = z.object({
  question: z.string(),
  /** Likeliest first, with probabilities over all there is, not over the few shown. */
  choices: z.array(
    z.object({
      label: z.string(),
      probability: z.number(),
      /** Of choices that do not exclude each other: whether it is one of the answers. */ isChosen: z
        .boolean()
        .optional(),
    }),
  ),
  /** Of a question that is answered by a number, which has no choices. */
  value: z.number().optional(),
  /** Of one whose words are tagged: each with its place in the text. */
  words: z
    .array(z.object({ word: z.string(), from: count, to: count, tag: z.string(), probability: z.number() }))
    .optional(),
  /** Of two sequences: their rows with gaps, and how likely it is that residues are aligned. */
  alignment: z
    .object({
      first: z.string(),
      second: z.string(),
      /** Of each column; null beside a gap. */
      probabilities: z.array(z.number().nullable()),
      /** Of each pair of residues, those of the first sequence after each other, row by row. */
      pairs: z.array(z.number()),
    })
    .optional(),
  /** Of a text that is spoken. */
  speech: z
    .object({
      /** A WAV file as `data:audio/wav;base64,…` */
      sound: z.string().regex(/^data:audio\/wav;base64,/),
      seconds: z.number(),
      /** Mel bands from low to high, over time. */
      spectrogram: picture,
      /** What was read, and from where to where it is heard, in seconds. */
      characters: z.array(z.object({ character: z.string(), from: z.number(), to: z.number() })),
      /** Its end is missing: the speech is longer than any recording that the voice was trained on. */
      isTruncated: z.boolean(),
    })
    .optional(),
});
export type Answer = z.infer<typeof answer>;

export const answered = z.object({
  answers: z.array(answer),
  /** Step of the checkpoint. */
  step: count,
  engine: z.string(),
  device: z.string(),
  milliseconds: z.number(),
});

/** A run, or an imported model as `model:<name>` with `:<task of a head>`. */
const model = { run: z.string().min(1), checkpoint: checkpointChoice.default('best') };

export const quizQuestion = z.object({
  id: count,
  /** E.g. the centre patch and the one to be placed; two sentences; a picture to classify. */
  items: z.array(item),
  choices: z.array(z.string()),
  truth: z.string(),
  /** The model's own answer. */
  answer,
});

export const embeddings = z.object({
  run: z.string(),
  step: count,
  /** The corpus or dataset that was named; null for the run's own held-out examples. */
  data: z.string().nullable(),
  method: z.enum(['umap', 'principal-components']),
  points: z.array(
    z.object({
      x: z.number(),
      y: z.number(),
      label: z.string().nullable(),
      side: z.enum(['training', 'validation', 'test']).nullable(),
      /** Of the data that were named: the number of the example, which another model has with the same data. */
      index: count.nullable(),
      item,
    }),
  ),
  classes: z.array(z.string()),
  /** Share of the variance in the two axes; of principal components only. */
  explained: z.number().nullable(),
  /** Width of the vectors that were projected. */
  features: count,
});
export type Embeddings = z.infer<typeof embeddings>;

export const demosContract = {
  list: request('Runs and imported models that can be asked or make vectors, the latest first', nothing, z.array(demo)),
  ask: request(
    'Masked words, pairs, next words, classes: the answers of a model to what a person typed or dropped',
    z.strictObject({
      ...model,
      text: z.string().max(100_000).optional(),
      textPair: z.string().max(100_000).optional(),
      /** An image file as `data:…;base64,…`; fitted to what the network reads, as its training images were. */
      image: z.string().max(32_000_000).optional(),
      /** A WAV file, likewise. */
      recording: z.string().max(32_000_000).optional(),
      top: z.int().min(1).max(100).default(5),
    }),
    answered,
  ),
  continue: request(
    'Continues a text word by word: for tasks on the next word',
    z.strictObject({
      ...model,
      text: z.string().max(100_000),
      words: z.int().min(1).max(200).default(20),
      temperature: z.number().min(0).max(5).default(0.8),
      seed: count.default(0),
    }),
    z.object({ text: z.string(), added: z.array(z.object({ label: z.string(), probability: z.number() })) }),
  ),
  quiz: request(
    'Questions out of the validation split with the truth and the answer of the model; the page plays them against a person',
    z.strictObject({ ...model, count: z.int().min(1).max(50).default(10), seed: count.default(0) }),
    z.object({ form: demoForm, questions: z.array(quizQuestion) }),
  ),
  embeddings: request(
    'Starts to project what the backbone makes of examples; the task ends with `Embeddings` as its result',
    z.strictObject({
      ...model,
      /** Any dataset or corpus of the kind that the network reads; by default a run's own held-out examples. */
      data: z.string().min(1).optional(),
      count: z.int().min(10).max(5000).default(1000),
      method: z.enum(['umap', 'principal-components']).default('umap'),
    }),
    z.object({ job: z.string() }),
  ),
};
