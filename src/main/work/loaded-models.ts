/** Trained models that are loaded. A few stay, because people ask again; none is closed while it answers. */
import { checkpointStep } from '../runs/prepare.ts';
import type { Predictor } from '../runs/predict.ts';
import { openPredictor } from '../runs/predict.ts';
import type { RunFolder } from '../workspace/run-folder.ts';

/** Models that stay in memory when nobody asks them. */
const keptModels = 2;

interface Loaded {
  readonly predictor: Promise<Predictor>;
  users: number;
}

/** By run and step; the one that was not asked for the longest time first. */
const models = new Map<string, Loaded>();

/**
 * Asks a model. 'last' and 'best' are those of now: a run that is trained on has others later. Throws what `openPredictor` and
 * `use` throw.
 */
export async function withPredictor<Result>(
  run: RunFolder,
  checkpoint: 'best' | 'last' | number,
  use: (predictor: Predictor) => Promise<Result>,
): Promise<Result> {
  const step = await checkpointStep(run, checkpoint);
  const key = `${run.folder}:${step}`;
  const model = models.get(key) ?? { predictor: openPredictor(run, step), users: 0 };
  models.delete(key);
  models.set(key, model); // to the end
  model.users += 1;
  try {
    return await use(await model.predictor);
  } finally {
    model.users -= 1;
    await model.predictor.catch(() => models.delete(key)); // it could not be loaded: the next one tries again
    closeUnused();
  }
}

function closeUnused(): void {
  for (const [key, { predictor, users }] of models) {
    if (models.size <= keptModels) return;
    if (users > 0) continue;
    models.delete(key);
    void predictor.then((model) => model.close()).catch(() => undefined);
  }
}
