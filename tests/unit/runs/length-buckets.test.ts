/** Fine-tuning on texts of all lengths: short batches run in short programs, and a resumed run ends with the same bits. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { importDataset } from '../../../src/main/work/import-material.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyDocument } from '../../tiny-workspace.ts';

const steps = 18;
let tiny: TinyWorkspace;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const rows = Array.from({ length: 80 }, (_, index) => {
    const words = tinyDocument(index)
      .split(' ')
      .slice(0, 3 + ((index * 37) % 60));
    return JSON.stringify({ text: words.join(' '), label: /cat|dog|bird/.test(words.join(' ')) ? 'animal' : 'other' });
  });
  await writeFile(join(tiny.folder, 'animals.jsonl'), rows.join('\n'));
  await importDataset(tiny.workspace, 'animals', { sources: [join(tiny.folder, 'animals.jsonl')] });
});
afterAll(() => tiny.remove());

const create = (batches: string): Promise<RunFolder> =>
  createRun(
    tiny.workspace,
    parseExperiment(
      parseSpecText(
        `
name: tuned
task: {type: text-classification, length: 64, batches: ${batches}}
data: animals
tokenizer: {corpus: tiny}
pipeline: {preset: modern-tiny, options: {layers: 1, hiddenSize: 8, heads: 2}}
engine: {threads: 1}
training: {steps: ${steps}, batchSize: 4, gradientAccumulationSteps: 2, learningRate: 0.01, evaluateEvery: ${steps}, checkpointEvery: 7}`,
        'tuned.yaml',
      ),
    ),
  );

async function train(run: RunFolder, stopAt = Infinity): Promise<RunFolder> {
  const controller = new AbortController();
  await trainRun(tiny.workspace, run, {
    signal: controller.signal,
    prefetch: false,
    onStep: (step) => {
      if (step === stopAt) controller.abort();
    },
  });
  return run;
}

describe.each(['random', 'by-length'])('a run with %s batches', (batches) => {
  it('that was stopped and resumed ends with the same bytes, and answers', async () => {
    const [whole, parts] = [await create(batches), await create(batches)];
    await train(whole);
    for (const stopAt of [5, 16]) await train(parts, stopAt);
    await train(parts);
    const model = (run: RunFolder): Promise<Buffer> =>
      readFile(join(run.checkpoints, `step-${steps}`, 'model.safetensors'));
    expect(await model(parts)).toEqual(await model(whole));
    const [a, b] = [await readRun(parts), await readRun(whole)];
    expect(a.result?.validation).toEqual(b.result?.validation);
    const predictor = await openPredictor(whole);
    for (const text of ['the cat', tinyDocument(3)]) {
      const [answer] = await predictor.ask({ text, top: 2 });
      expect(answer!.choices.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
    }
    await predictor.close();
  });
});
