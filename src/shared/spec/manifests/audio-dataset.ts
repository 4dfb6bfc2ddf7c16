/**
 * The manifest of an imported audio dataset: `manifest.json` in its folder. Beside it lie the frames of all recordings
 * (`frames.bin`, float32), where each begins (`offsets.bin`, in frames), the labels (`labels.bin`), all little endian, and what
 * each recording was (`recordings.jsonl`).
 */
import { z } from 'zod';
import { editedFields } from '../dataset-edit.ts';
import { datasetTargets } from './dataset-targets.ts';
import { officialSplit } from './text-dataset.ts';
import { textImportReport } from './text-import-report.ts';

export const AUDIO_DATASET_VERSION = 1;

export const frameOptions = z
  .strictObject({
    bands: z.int().min(1).max(256).default(40).describe('Mel bands: numbers in a frame'),
    windowMilliseconds: z.number().positive().max(1000).default(25).describe('Length of the window of a frame'),
    hopMilliseconds: z.number().positive().max(1000).default(10).describe('From one frame to the next'),
    minimumFrequency: z.number().min(0).default(60).describe('Where the lowest band begins, in Hz'),
    maximumFrequency: z.number().positive().default(7600).describe('Where the highest band ends, in Hz'),
    normalise: z
      .boolean()
      .default(true)
      .describe('Give each band mean 0 and deviation 1 over a recording, which takes out loudness and microphone'),
  })
  .refine(({ minimumFrequency, maximumFrequency }) => minimumFrequency < maximumFrequency, {
    message: 'must be above minimumFrequency',
    path: ['maximumFrequency'],
  });
/** How sound becomes frames. */
export type FrameOptions = z.output<typeof frameOptions>;

export const audioDatasetManifest = z.strictObject({
  formatVersion: z.literal(AUDIO_DATASET_VERSION),
  kind: z.literal('audio-dataset'),
  name: z.string().min(1),
  createdAt: z.iso.datetime(),
  source: z.string(),
  /** SHA-256 of all frames, labels and classes. */
  contentHash: z.string().regex(/^[0-9a-f]{64}$/),
  recordings: z.int().min(1),
  seconds: z.number().min(0),
  /** In the file, those of dropped recordings included. */
  frames: z.int().min(1),
  /** Frames of the longest recording. */
  longest: z.int().min(1),
  /** Sorted by code point; for transcription these are the transcripts. A recording's label is an index into it. */
  classes: z.array(z.strictObject({ name: z.string().min(1), recordings: z.int().min(1) })).min(1),
  /** What recordings have instead of classes, of which there is one then. */
  targets: datasetTargets.optional(),
  /** Recordings on each side of the split that came with the material, which every task keeps. */
  officialSplit: officialSplit.optional(),
  /** Groups that the source named: speakers, sessions. */
  groups: z.int().min(1).optional(),
  /** Of one whose classes were edited. */
  edited: editedFields.optional(),
  options: frameOptions,
  report: textImportReport,
});
export type AudioDatasetManifest = z.infer<typeof audioDatasetManifest>;
