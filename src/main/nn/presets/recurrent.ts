/** Recurrent networks for text: language models and classifiers, and the convolutional networks they are compared with. */
import { z } from 'zod';
import { cellNames } from '../blocks/recurrent.ts';
import { definePreset } from '../preset.ts';

const embeddingOf = (hiddenSize: number, dropout: number) => ({
  id: 'embedding',
  type: 'token-embedding',
  options: { hiddenSize, positions: false, segments: 0, dropout, initialisation: 'truncated-normal' },
  inputs: { tokens: 'input.tokens' },
});

const size = {
  hiddenSize: z.int().positive().default(128).describe('Size of the embedding and of the state'),
  layers: z.int().positive().default(1).describe('Number of recurrent layers'),
  cell: z.enum(cellNames).default('lstm').describe('The recurrent cell'),
  dropout: z.number().min(0).max(0.9).default(0.1).describe('Dropout of embeddings and between layers'),
  chronoMaximumTimescale: z
    .int()
    .min(3)
    .optional()
    .describe('LSTM and GRU: the longest time in steps that has to be remembered; see the block recurrent'),
};

/** The options of the block, where those that are not given keep the block's defaults. */
const recurrentOptions = ({
  cell,
  hiddenSize,
  layers,
  dropout,
  chronoMaximumTimescale,
}: {
  readonly [Key in Exclude<keyof typeof size, 'chronoMaximumTimescale'>]: z.infer<(typeof size)[Key]>;
} & { readonly chronoMaximumTimescale?: number | undefined }) => ({
  cell,
  hiddenSize,
  layers,
  dropout,
  ...(chronoMaximumTimescale !== undefined && { chronoMaximumTimescale }),
});

definePreset({
  name: 'lstm-lm',
  title: 'LSTM language model',
  summary:
    'Embedding and recurrent layers from left to right, with the output layer tied to the embedding (Press & Wolf 2017): for next-word prediction and what is built on it (Howard & Ruder 2018).',
  input: 'tokens',
  options: z.strictObject(size),
  graph: (settings) => ({
    blocks: [
      embeddingOf(settings.hiddenSize, settings.dropout),
      {
        id: 'recurrent',
        type: 'recurrent',
        options: recurrentOptions(settings),
        inputs: { sequence: 'embedding', carry: 'input.carry' },
      },
    ],
    outputs: { sequence: 'recurrent', table: 'embedding.table' },
  }),
});

const readsBothWays = (
  name: string,
  title: string,
  summary: string,
  bidirectional: boolean,
  cell: (typeof cellNames)[number],
) =>
  definePreset({
    name,
    title,
    summary,
    input: 'tokens',
    options: z.strictObject({ ...size, cell: size.cell.default(cell) }),
    graph: (settings) => ({
      blocks: [
        embeddingOf(settings.hiddenSize, settings.dropout),
        {
          id: 'recurrent',
          type: 'recurrent',
          options: { ...recurrentOptions(settings), bidirectional },
          inputs: { sequence: 'embedding', mask: 'input.mask' },
        },
      ],
      outputs: { sequence: 'recurrent', vector: 'recurrent.state' },
    }),
  });

readsBothWays(
  'rnn-classifier',
  'Recurrent classifier',
  'Embedding and simple recurrent layers from left to right; the last state stands for the text.',
  false,
  'rnn',
);

readsBothWays(
  'bilstm-classifier',
  'Bidirectional LSTM classifier',
  'Embedding and LSTM layers in both directions (Graves & Schmidhuber 2005).',
  true,
  'lstm',
);

definePreset({
  name: 'bilstm-attention',
  title: 'Bidirectional LSTM with attention',
  summary:
    'Embedding and LSTM layers in both directions; the states are added up, each weighted by how much it says (Yang et al. 2016, Zhou et al. 2016). For classification with pooling: vector.',
  input: 'tokens',
  options: z.strictObject({
    ...size,
    attentionSize: z.int().positive().default(64).describe('Inner size of the network that rates the states'),
  }),
  graph: ({ attentionSize, ...settings }) => ({
    blocks: [
      embeddingOf(settings.hiddenSize, settings.dropout),
      {
        id: 'recurrent',
        type: 'recurrent',
        options: { ...recurrentOptions(settings), bidirectional: true },
        inputs: { sequence: 'embedding', mask: 'input.mask' },
      },
      {
        id: 'attention',
        type: 'attention-pooling',
        options: { attentionSize },
        inputs: { sequence: 'recurrent', mask: 'input.mask' },
      },
    ],
    outputs: { sequence: 'recurrent', vector: 'attention' },
  }),
});

const filters = z.int().positive().default(100).describe('Filters of each window size');
const kernels = z.array(z.int().positive()).min(1).default([3, 4, 5]).describe('Sizes of the windows, in tokens');

definePreset({
  name: 'text-cnn',
  title: 'Text CNN',
  summary: 'Embedding and convolutions over windows of three sizes, pooled by their maximum (Kim 2014).',
  input: 'tokens',
  options: z.strictObject({ hiddenSize: size.hiddenSize, filters, kernels, dropout: size.dropout }),
  graph: ({ hiddenSize, filters: channels, kernels: windows, dropout }) => ({
    blocks: [
      embeddingOf(hiddenSize, dropout),
      {
        id: 'convolution',
        type: 'sequence-convolution',
        options: { kernels: windows, channels },
        inputs: { sequence: 'embedding', mask: 'input.mask' },
      },
      {
        id: 'pooling',
        type: 'sequence-pooling',
        options: { pooling: 'max' },
        inputs: { sequence: 'convolution', mask: 'input.mask' },
      },
    ],
    outputs: { sequence: 'convolution', vector: 'pooling' },
  }),
});

definePreset({
  name: 'cnn-lstm',
  title: 'CNN + LSTM',
  summary: 'Convolutions over windows of words, read in order by an LSTM (C-LSTM, Zhou et al. 2015).',
  input: 'tokens',
  options: z.strictObject({ ...size, filters, kernels: kernels.default([3]) }),
  graph: ({ filters: channels, kernels: windows, ...settings }) => ({
    blocks: [
      embeddingOf(settings.hiddenSize, settings.dropout),
      {
        id: 'convolution',
        type: 'sequence-convolution',
        options: { kernels: windows, channels },
        inputs: { sequence: 'embedding', mask: 'input.mask' },
      },
      {
        id: 'recurrent',
        type: 'recurrent',
        options: recurrentOptions(settings),
        inputs: { sequence: 'convolution', mask: 'input.mask' },
      },
    ],
    outputs: { sequence: 'recurrent', vector: 'recurrent.state' },
  }),
});
