/** Trained models that answer. A few stay loaded, because people ask again. */
import type { z } from 'zod';
import type { demosContract } from '../../../shared/contract/demos.ts';
import { LabError } from '../../../shared/errors.ts';
import { decodeImage } from '../../data/images/decode.ts';
import { openImageCorpus } from '../../data/images/image-store.ts';
import type { PredictionQuery } from '../../tasks/index.ts';
import { findMaterial, groupOf } from '../catalogue.ts';
import type { Predictor } from '../predict.ts';
import { openPredictor, readModel } from '../predict.ts';
import { readJson, runOrigin } from '../run-folder.ts';
import type { RunFolder } from '../run-folder.ts';
import { findRun } from '../runs.ts';
import type { Workspace } from '../workspace.ts';
import { bytesOfDataUrl } from './pictures.ts';
import type { WorkContext } from './work-context.ts';

type Input<Method extends keyof typeof demosContract> = z.output<(typeof demosContract)[Method]['input']>;
type Output<Method extends keyof typeof demosContract> = z.input<(typeof demosContract)[Method]['output']>;

/** Models in memory at a time. */
const keptModels = 2;

const predictors = new Map<string, Promise<Predictor>>();

export async function predictorOf(run: RunFolder, checkpoint: 'best' | 'last' | number): Promise<Predictor> {
  const key = `${run.folder}:${checkpoint}`;
  const known = predictors.get(key);
  if (known) {
    predictors.delete(key); // to the end: the first one is the one that was not asked for the longest time
    predictors.set(key, known);
    return known;
  }
  const opening = openPredictor(run, checkpoint);
  predictors.set(key, opening);
  opening.catch(() => predictors.delete(key));
  for (const [oldest, predictor] of predictors) {
    if (predictors.size <= keptModels) break;
    predictors.delete(oldest);
    void predictor.then((model) => model.close()).catch(() => undefined);
  }
  return opening;
}

export async function askModel({ workspace }: WorkContext, input: Input<'ask'>): Promise<Output<'ask'>> {
  const run = await findRun(workspace, input.run);
  const predictor = await predictorOf(run, input.checkpoint);
  const query: PredictionQuery = {
    top: input.top,
    ...(input.text !== undefined && { text: input.text }),
    ...(input.textPair !== undefined && { textPair: input.textPair }),
    ...(input.image !== undefined && { image: await imageOf(workspace, run, predictor, input.image) }),
  };
  const started = performance.now();
  const answers = await predictor.ask(query);
  return {
    answers: answers.map(({ question, choices }) => ({ question, choices: choices.map((choice) => ({ ...choice })) })),
    step: predictor.step,
    engine: predictor.experiment.engine.name,
    device: predictor.experiment.engine.device ?? 'cpu',
    milliseconds: performance.now() - started,
  };
}

/** The picture as the training images were prepared; where the data is gone, cut to cover the input. */
async function imageOf(
  workspace: Workspace,
  run: RunFolder,
  { experiment }: Predictor,
  url: string,
): Promise<NonNullable<PredictionQuery['image']>> {
  const bytes = bytesOfDataUrl(url);
  if (!bytes) throw new LabError('bad-input', 'A picture is given as data:…;base64,…');
  const { facts } = await readModel(run, experiment);
  if (facts.input.kind !== 'image') throw new LabError('bad-input', 'This model reads text, no pictures');
  const { height, width, channels } = facts.input;
  const preparation = await preparationOf(workspace, run);
  const { pixels } = await decodeImage(bytes, {
    fit: 'cover',
    resizeShorter: null,
    background: [255, 255, 255],
    ...preparation,
    height,
    width,
    channels: channels === 1 ? 1 : 3,
    minimumSide: 1,
    maximumPixels: 100_000_000,
    failOn: 'truncated',
  }).catch((error: unknown) => {
    throw new LabError(
      'bad-input',
      `The picture cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      {},
      error,
    );
  });
  return { height, width, channels, pixels };
}

async function preparationOf(workspace: Workspace, run: RunFolder) {
  try {
    const { data } = await readJson(run.origin, runOrigin);
    if (data.kind !== 'image-corpus' && data.kind !== 'image-dataset') return {};
    const { folder, kind, manifest } = await findMaterial(workspace, groupOf(data.kind), data.name);
    if (kind === 'image-corpus') {
      const store = openImageCorpus(folder);
      store.close();
      return store.manifest.preparation;
    }
    return manifest.preparation as object; // of an image dataset, whose manifest was written from its schema
  } catch {
    return {};
  }
}
