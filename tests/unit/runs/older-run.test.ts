/** A run whose folder was written by version 1 of the format: it is read, goes on to the same bits, and is exported. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { exportRun } from '../../../src/main/runs/export/index.ts';
import { prepareResume } from '../../../src/main/runs/resume-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { writeJson } from '../../../src/main/workspace/run-folder.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';

const training =
  'training: {steps: 6, batchSize: 4, gradientAccumulationSteps: 2, layerwiseLearningRateDecay: 0.9, learningRate: 1e-2, evaluateEvery: 6}';

let tiny: TinyWorkspace;
let whole: RunFolder;

async function train(run: RunFolder, stopAt?: number): Promise<void> {
  const controller = new AbortController();
  await trainRun(tiny.workspace, run, {
    signal: controller.signal,
    prefetch: false,
    onStep: (step) => { if (step === stopAt) controller.abort(); },
  }); // prettier-ignore
}

const weightsOf = (run: RunFolder): Promise<Buffer> => readFile(join(run.checkpoints, 'step-6', 'model.safetensors'));

/** The spec of version 1, as it was written down. */
async function makeOld(run: RunFolder): Promise<void> {
  const written = await readFile(run.spec, 'utf8');
  const old = Object.entries({
    maskProbability: 'maskedShare',
    keepProbability: 'keepShare',
    randomProbability: 'randomShare',
    validationFraction: 'validationShare',
    testFraction: 'testShare',
    gradientAccumulationSteps: 'accumulation',
    layerwiseLearningRateDecay: 'layerDecay',
    hiddenSize: 'features',
  }).reduce(
    (text, [now, then]) => {
      expect(text).toContain(`"${now}"`);
      return text.replaceAll(`"${now}"`, `"${then}"`);
    },
    written.replace('"version": 2', '"version": 1'),
  );
  await writeJson(run.spec, JSON.parse(old));
}

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  whole = await createRun(tiny.workspace, tinyExperiment(training));
  await train(whole);
});
afterAll(() => tiny.remove());

describe('a run of version 1', () => {
  let run: RunFolder;
  beforeAll(async () => {
    run = await createRun(tiny.workspace, tinyExperiment(training, 'older-words'));
    await train(run, 3);
    await makeOld(run);
  });

  it('is read with the present names', async () => {
    const { experiment } = await readRun(run);
    expect(experiment).toEqual({ ...tinyExperiment(training, 'older-words') });
  });

  it('goes on to the same bits, its spec left as it is', async () => {
    const before = await readFile(run.spec);
    await train(run);
    expect(await weightsOf(run)).toEqual(await weightsOf(whole));
    expect(await readFile(run.spec)).toEqual(before);
  });

  it('is exported', async () => {
    const folder = join(tiny.folder, 'exported');
    await exportRun(tiny.workspace, run, { format: 'huggingface', checkpoint: 'best', folder });
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as unknown;
    expect(config).toMatchObject({ hidden_size: 8 });
  });

  it('can be trained for longer', async () => {
    const longer = parseExperiment({
      value: {
        ...tinyExperiment(training, 'older-words'),
        training: { ...tinyExperiment(training).training, steps: 8 },
      },
      locate: () => 'test',
    });
    await prepareResume(run, longer);
    await train(run);
    expect(await readRun(run)).toMatchObject({ status: 'finished', step: 8 });
  });
});
