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
