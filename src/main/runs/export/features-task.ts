/** A network without a head, for exports: what its pipeline makes of an input is what it answers. */
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import type { ModelManifest } from '../../../shared/spec/manifests/model.ts';
import { constant, output } from '../../graph/index.ts';
import { declareInputs } from '../../nn/index.ts';
import type { TaskDefinition } from '../../tasks/index.ts';
import type { Model } from '../../training/model.ts';
import { imagesOfModel } from '../model-network.ts';

const never = (): never => {
  throw new LabError('internal', 'a network without a head is neither trained nor evaluated');
};

/** No task of the lab, so none that an experiment may name: it has outputs, and nothing to learn. */
const features: TaskDefinition<unknown> = {
  type: 'features',
  title: 'Features',
  summary: 'The outputs of a pipeline, as they are.',
  kind: 'pretext',
  data: [],
  options: z.strictObject({}),
  metrics: [],
  selection: { metric: 'loss', direction: 'minimise' },
  openSampler: never,
  build(context, backbone) {
    const { program } = context;
    const { outputs } = backbone(declareInputs(context));
    for (const [name, value] of Object.entries(outputs)) output(program, name, value);
    return { loss: constant(program, 0) };
  },
  evaluation: never,
  baselines: never,
};

/** A model whose task answers with the features of its pipeline. */
export function networkOfFeatures({ pipeline, input, preprocessing }: ModelManifest): Model {
  return { task: features, options: {}, pipeline, facts: { input, ...imagesOfModel(preprocessing) } };
}
