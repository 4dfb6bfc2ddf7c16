/** Fine-tuning from a head that is a linear probe: the network begins as the probe, and goes on to the same bits after a stop. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importTextDataset } from '../../../src/main/data/text/import-dataset.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import type { Workspace } from '../../../src/main/workspace/workspace.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { readEvents } from '../../../src/main/workspace/run-folder.ts';
import { formatPercent } from '../../../src/shared/display.ts';
import type { RunResult } from '../../../src/shared/spec/run/result.ts';
import type { TinyImageWorkspace } from '../../tiny-images.ts';
import { createTinyImageWorkspace } from '../../tiny-images.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyDocument } from '../../tiny-workspace.ts';

let texts: TinyWorkspace;
let images: TinyImageWorkspace;

beforeAll(async () => {
  texts = await createTinyWorkspace();
  images = await createTinyImageWorkspace();
  const { workspace, folder } = texts;
  const rows = Array.from({ length: 90 }, (_, index) => {
    const label = tinyDocument(index).includes('river') ? 'river' : 'dry';
    return JSON.stringify({ label, text: tinyDocument(index).slice(0, 60 + index) });
  });
  await writeFile(join(folder, 'rows.jsonl'), rows.join('\n'));
  const sources = [join(folder, 'rows.jsonl')];
  await importTextDataset({ sources, folder: join(workspace.datasets, 'rows'), name: 'rows' });
});

afterAll(async () => {
  await texts.remove();
  await images.remove();
});

/** A step with this rate changes no weight. */
const STILL = 1e-30;

const textSpec = (training: string, more = ''): string => `
name: texts
task: {type: text-classification, length: 16, validationFraction: 0.3, dropout: 0.3}
data: rows
tokenizer: {corpus: tiny}
pipeline: {preset: bert-tiny, options: {layers: 1, hiddenSize: 8, heads: 2, maximumLength: 16}}
evaluation: {baselines: false}
training: {batchSize: 8, evaluateEvery: 1, ${training}}
engine: {threads: 1}
${more}`;

const imageSpec = (training: string, more = ''): string => `
name: images
task: {type: image-classification, validationFraction: 0.3}
data: colours
pipeline: {preset: patch-cnn, options: {width: 4, features: 8}}
evaluation: {baselines: false, inspect: false}
training: {batchSize: 8, evaluateEvery: 1, ${training}}
engine: {threads: 1}
${more}`;

async function create(workspace: Workspace, text: string): Promise<RunFolder> {
  return createRun(workspace, parseExperiment(parseSpecText(text, 'spec.yaml')));
}

async function train(workspace: Workspace, text: string): Promise<{ run: RunFolder; result: RunResult }> {
  const run = await create(workspace, text);
  const result = await trainRun(workspace, run, { signal: new AbortController().signal, prefetch: false });
  return { run, result: result! };
}

describe.each([
  ['texts', () => texts.workspace, textSpec],
  ['images', () => images.workspace, imageSpec],
] as const)('a classifier of %s', (_name, workspaceOf, spec) => {
  it('is its probe at the start', async () => {
    const workspace = workspaceOf();
    const still = 'freeze: [backbone]'; // running statistics would be updated in spite of the rate
    const probe = await train(workspace, spec('steps: 1', 'method: frozen-features'));
    const { run, result } = await train(
      workspace,
      spec(`steps: 1, learningRate: ${STILL}, linearProbeFirst: true`, still),
    );
    expect(result.validation.metrics.accuracy).toBe(probe.result.validation.metrics.accuracy);
    expect(result.test?.metrics.accuracy).toBe(probe.result.test?.metrics.accuracy);
    expect(result.validation.metrics.loss).toBeCloseTo(probe.result.validation.metrics.loss!, 4);
    const notices = (await readEvents(run)).flatMap((event) => (event.type === 'notice' ? [event.message] : []));
    const percent = formatPercent(probe.result.validation.metrics.accuracy ?? NaN, 1);
    expect(notices).toContainEqual(expect.stringContaining(`linear probe: ${percent} of the validation examples`));
    const drawn = await train(workspace, spec(`steps: 1, learningRate: ${STILL}`));
    expect(drawn.result.validation.metrics.loss).not.toBeCloseTo(result.validation.metrics.loss!, 2);
  });

  it('goes on to the same bits after it was stopped', async () => {
    const workspace = workspaceOf();
    const training = 'steps: 4, learningRate: 1e-3, checkpointEvery: 2, linearProbeFirst: true';
    const whole = await train(workspace, spec(training));
    const stopped = await create(workspace, spec(training));
    for (const last of [1, 3]) {
      const control = new AbortController();
      const onStep = (step: number): void => {
        if (step >= last) control.abort();
      };
      await trainRun(workspace, stopped, { signal: control.signal, onStep, prefetch: false });
    }
    await trainRun(workspace, stopped, { signal: new AbortController().signal, prefetch: false });
    const weights = (run: RunFolder): Promise<Buffer> => readFile(join(run.checkpoints, 'step-4', 'model.safetensors'));
    expect(await weights(stopped)).toEqual(await weights(whole.run));
  });
});

it('is refused for tasks without labels', async () => {
  const spec = `
name: words
task: {type: masked-words, length: 16, evaluationExamples: 8}
data: tiny
pipeline: {preset: bert-tiny, options: {layers: 1, hiddenSize: 8, heads: 2, maximumLength: 16}}
training: {steps: 1, batchSize: 4, linearProbeFirst: true}
`;
  await expect(create(texts.workspace, spec)).rejects.toMatchObject({
    code: 'bad-spec',
    message: expect.stringContaining('training.linearProbeFirst: masked-words has no labels'),
  });
});
