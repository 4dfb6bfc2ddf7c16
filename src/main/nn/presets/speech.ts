/** Sound as frames, read in both directions (A. Graves, N. Jaitly 2014, in a size for ordinary processors). */
import { z } from 'zod';
import { cellNames } from '../blocks/recurrent.ts';
import { definePreset } from '../preset.ts';

const options = z.strictObject({
  stacking: z.int().min(1).max(64).default(3).describe('Frames that become one step of the recurrence'),
  hiddenSize: z.int().positive().default(96).describe('Size of the recurrent state, in each direction'),
  cell: z.enum(cellNames).default('lstm').describe('The recurrent cell'),
  layers: z.int().positive().default(1).describe('Number of recurrent layers'),
  dropout: z.number().min(0).max(0.9).default(0).describe('Dropout between recurrent layers'),
});

definePreset({
  name: 'speech-lstm',
  title: 'Speech LSTM',
  summary:
    'Frames of sound, several at a time, read by LSTM layers in both directions: for transcription with CTC (after Graves & Jaitly 2014), and for classes of sounds.',
  input: 'frames',
  options,
  graph: ({ stacking, hiddenSize, cell, layers, dropout }) => ({
    blocks: [
      {
        id: 'stacking',
        type: 'frame-stacking',
        options: { frames: stacking },
        inputs: { sequence: 'input.frames', mask: 'input.mask' },
      },
      {
        id: 'recurrent',
        type: 'recurrent',
        options: { cell, hiddenSize, layers, dropout, bidirectional: true },
        inputs: { sequence: 'stacking', mask: 'stacking.mask' },
      },
    ],
    outputs: { sequence: 'recurrent', vector: 'recurrent.state' },
  }),
});

const characterOptions = z.strictObject({
  hiddenSize: z.int().positive().default(96).describe('Size of the embedding and of the state in each direction'),
  kernel: z.int().positive().default(5).describe('Characters that a convolution reads at once'),
  cell: z.enum(cellNames).default('lstm').describe('The recurrent cell'),
  layers: z.int().positive().default(1).describe('Number of recurrent layers'),
  dropout: z.number().min(0).max(0.9).default(0).describe('Dropout of embeddings and between layers'),
});

definePreset({
  name: 'character-lstm',
  title: 'Character LSTM',
  summary:
    'Characters in the order of a text, each read with its neighbours and with all before and behind it: the encoder of Tacotron 2 (Shen et al. 2018), in a small size. For speech synthesis.',
  input: 'tokens',
  options: characterOptions,
  graph: ({ hiddenSize, kernel, cell, layers, dropout }) => ({
    blocks: [
      {
        id: 'embedding',
        type: 'token-embedding',
        options: { hiddenSize, positions: false, segments: 0, dropout },
        inputs: { tokens: 'input.tokens' },
      },
      {
        id: 'convolution',
        type: 'sequence-convolution',
        options: { kernels: [kernel], channels: hiddenSize },
        inputs: { sequence: 'embedding', mask: 'input.mask' },
      },
      {
        id: 'recurrent',
        type: 'recurrent',
        options: { cell, hiddenSize, layers, dropout, bidirectional: true },
        inputs: { sequence: 'convolution', mask: 'input.mask' },
      },
    ],
    outputs: { sequence: 'recurrent', vector: 'recurrent.state' },
  }),
});
