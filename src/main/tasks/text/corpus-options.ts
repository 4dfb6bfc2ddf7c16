/** Options that the tasks on a text corpus share, and how they become a masker and chunks. */
import { z } from 'zod';
import type { Mode } from '../../nn/index.ts';
import type { MaskingOptions, Vocabulary } from './masking.ts';
import { createMasker, predictionCount } from './masking.ts';
import type { MaskedPart, PretextSamplerSetup } from './pretext-sampler.ts';

export const lengthOption = z
  .int()
  .min(8)
  .max(4096)
  .default(128)
  .describe('Tokens of a sequence, special tokens included');

export const corpusOptions = {
  length: lengthOption,
  validationFraction: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.05)
    .describe('Share of the text, by whole documents, that is kept for validation'),
  testFraction: z
    .number()
    .min(0)
    .max(0.5)
    .default(0)
    .describe('Share of the text, by whole documents, that is kept for the test'),
  evaluationExamples: z
    .int()
    .min(1)
    .default(1024)
    .describe('Maximum number of examples to evaluate; the same ones each time'),
};

export const maskingOptions = {
  maskProbability: z.number().gt(0).max(0.9).default(0.15).describe('Share of the positions that is predicted'),
  evaluationMaskProbability: z
    .number()
    .gt(0)
    .max(0.9)
    .optional()
    .describe(
      'The same in evaluations, by default maskProbability; runs with different shares can be compared when they share this one',
    ),
  maximumPredictions: z.int().min(1).max(1024).default(20).describe('Maximum number of predictions in a sequence'),
  wholeWords: z.boolean().default(false).describe('Choose all pieces of a word or none'),
  keepProbability: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('Of the chosen positions, the share that keeps its token'),
  randomProbability: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('Of the chosen positions, the share that gets a random token; the rest becomes [MASK]'),
};

export const pairOptions = {
  shortSequenceProbability: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('Share of the pairs that are shorter than the length, so that short inputs are learned as well'),
};

interface MaskingFields {
  readonly maskProbability: number;
  readonly evaluationMaskProbability?: number | undefined;
  readonly maximumPredictions: number;
  readonly wholeWords: boolean;
  readonly keepProbability: number;
  readonly randomProbability: number;
}

export const headOption = {
  head: z
    .enum(['bert', 'modernbert', 'roberta'])
    .default('bert')
    .describe(
      "The output network's biases: everywhere (BERT), or for the words alone (ModernBERT). RoBERTa's has BERT's biases and adds 1e-5 to the variance in its normalisation",
    ),
};

/** Refuses shares of more than one in all. */
export const probabilitiesFit = ({
  keepProbability,
  randomProbability,
}: {
  keepProbability: number;
  randomProbability: number;
}): boolean => keepProbability + randomProbability <= 1;
export const probabilitiesMessage = 'keepProbability and randomProbability are together more than 1';

/** How examples are masked to be trained or to be evaluated on. */
export function maskingOf(options: MaskingFields, use: 'training' | 'evaluation' = 'training'): MaskingOptions {
  const {
    maskProbability,
    evaluationMaskProbability,
    maximumPredictions,
    wholeWords,
    keepProbability,
    randomProbability,
  } = options;
  const share = use === 'training' ? maskProbability : (evaluationMaskProbability ?? maskProbability);
  return { share, maximumPredictions, wholeWords, keepProbability, randomProbability };
}

/** Predictions in a sequence; a trained model is asked as it is evaluated. */
export function placesOf(options: MaskingFields & { readonly length: number }, mode: Mode): number {
  return predictionCount(options.length, maskingOf(options, mode === 'training' ? 'training' : 'evaluation'));
}

/** The maskers of a task, as its sampler needs them. */
export function maskersOf(
  vocabulary: Vocabulary,
  options: MaskingFields & { readonly length: number },
): NonNullable<PretextSamplerSetup['masking']> {
  const masking = (use: 'training' | 'evaluation'): MaskedPart => ({
    mask: createMasker(vocabulary, maskingOf(options, use)),
    places: placesOf(options, use),
  });
  return { training: masking('training'), evaluation: masking('evaluation') };
}

export const separatorsOption = z
  .int()
  .min(1)
  .max(2)
  .default(1)
  .describe('Separators between the texts of a pair: one as in BERT, two as RoBERTa was trained with');
