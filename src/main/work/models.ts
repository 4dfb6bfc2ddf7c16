/** Trained models that answer. */
import type { z } from 'zod';
import type { demosContract } from '../../shared/contract/demos.ts';
import { LabError } from '../../shared/errors.ts';
import type { PredictionQuery } from '../tasks/index.ts';
import type { Predictor } from '../runs/predict.ts';
import { decodeQueryImage } from '../runs/query-image.ts';
import { decodeQueryRecording } from '../runs/query-recording.ts';
import { heardOf } from './heard.ts';
import { withPredictor } from './loaded-models.ts';
import { bytesOfDataUrl } from './pictures.ts';
import type { WorkContext } from './work-context.ts';

type Input<Method extends keyof typeof demosContract> = z.output<(typeof demosContract)[Method]['input']>;
type Output<Method extends keyof typeof demosContract> = z.input<(typeof demosContract)[Method]['output']>;

export async function askModel({ workspace }: WorkContext, input: Input<'ask'>): Promise<Output<'ask'>> {
  return withPredictor(workspace, input.run, input.checkpoint, (predictor) => answer(predictor, input));
}

async function answer(predictor: Predictor, input: Input<'ask'>): Promise<Output<'ask'>> {
  const query: PredictionQuery = {
    top: input.top,
    ...(input.text !== undefined && { text: input.text }),
    ...(input.textPair !== undefined && { textPair: input.textPair }),
    ...(input.image !== undefined && { image: await imageOf(predictor, input.image) }),
    ...(input.recording !== undefined && { recording: await recordingOf(predictor, input.recording) }),
  };
  const started = performance.now();
  const answers = await predictor.ask(query);
  return {
    answers: await Promise.all(
      answers.map(async ({ question, choices, value, words, alignment, speech, isTruncated = false }) => ({
        question,
        choices: choices.map((choice) => ({ ...choice })),
        ...(value !== undefined && { value }),
        ...(words && { words: words.map((word) => ({ ...word })) }),
        ...(alignment && {
          alignment: {
            ...alignment,
            probabilities: [...alignment.probabilities],
            pairs: [...alignment.pairs],
          },
        }),
        ...(speech && { speech: await heardOf(speech, isTruncated) }),
      })),
    ),
    step: predictor.step,
    engine: predictor.engine.name,
    device: predictor.engine.device ?? 'cpu',
    milliseconds: performance.now() - started,
  };
}

/** A file that a page sent along, and what stands for it in messages. */
function bytesOf(url: string, name: string): Buffer {
  const bytes = bytesOfDataUrl(url);
  if (!bytes) throw new LabError('bad-input', `${name} must be given as data:…;base64,…`);
  return bytes;
}

/** The picture as the training images were prepared. */
async function imageOf({ facts }: Predictor, url: string): Promise<NonNullable<PredictionQuery['image']>> {
  if (!facts.images) throw new LabError('bad-input', 'This model reads no pictures');
  return decodeQueryImage(bytesOf(url, 'The picture'), 'The picture', facts.images);
}

/** The recording as frames like those of the training. */
async function recordingOf({ facts }: Predictor, url: string): Promise<NonNullable<PredictionQuery['recording']>> {
  if (!facts.audio) throw new LabError('bad-input', 'This model reads no recordings');
  return decodeQueryRecording(bytesOf(url, 'The recording'), 'The recording', facts.audio);
}
