/** Networks that are loaded to answer. A few stay, because people ask again; none is closed while it answers. */
import type { Predictor } from '../runs/predict.ts';
import { openNetworkPredictor } from '../runs/predict.ts';
import type { CheckpointChoice } from '../runs/open-trained.ts';
import { findTrainedNetwork } from '../runs/trained-network.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** Models that stay in memory when nobody asks them. */
const keptModels = 2;

interface Loaded {
  readonly predictor: Promise<Predictor>;
  users: number;
}

/** By what is loaded; the one that was not asked for the longest time first. */
const models = new Map<string, Loaded>();

/**
 * Asks a run or an imported model. 'last' and 'best' are those of now: a run that is trained on has others later. Throws what
 * `findTrainedNetwork`, `openNetworkPredictor` and `use` throw.
 */
export async function withPredictor<Result>(
  workspace: Workspace,
  reference: string,
  checkpoint: CheckpointChoice,
  use: (predictor: Predictor) => Promise<Result>,
): Promise<Result> {
  const network = await findTrainedNetwork(workspace, reference, { checkpoint });
  const key = await network.key();
  const model = models.get(key) ?? { predictor: openNetworkPredictor(network), users: 0 };
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
