/** A workspace with a pretraining and a small labelled set, and studies on it whose runs take a fraction of a second. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRun } from '../src/main/runs/create-run.ts';
import { trainRun } from '../src/main/runs/train-run.ts';
import { importDataset } from '../src/main/work/import-material.ts';
import { runFolder } from '../src/main/workspace/run-folder.ts';
import type { Workspace } from '../src/main/workspace/workspace.ts';
import type { TinyWorkspace } from './tiny-workspace.ts';
import { createTinyWorkspace, tinyDocument, tinyExperiment } from './tiny-workspace.ts';

/** Has the run `tiny-words` and the dataset `animals`. */
export async function createStudyWorkspace(): Promise<TinyWorkspace> {
  const tiny = await createTinyWorkspace();
  const { signal } = new AbortController();
  await trainRun(tiny.workspace, await createRun(tiny.workspace, tinyExperiment()), { signal, prefetch: false });
  const sentences = Array.from({ length: 20 }, (_, index) => tinyDocument(index).split(/(?<=\.) /)).flat();
  const rows = sentences.map((text) => JSON.stringify({ text, label: /cat|dog|bird/.test(text) ? 'animal' : 'other' }));
  await writeFile(join(tiny.folder, 'animals.jsonl'), rows.join('\n'));
  await importDataset(tiny.workspace, 'animals', { sources: [join(tiny.folder, 'animals.jsonl')] });
  return tiny;
}

export const animalsExperiment = `
  task: {type: text-classification, length: 16, testFraction: 0.4}
  data: animals
  pipeline: {preset: bert-tiny, options: {layers: 2, hiddenSize: 8, heads: 2, maximumLength: 16}}
  training: {steps: 6, batchSize: 8, learningRate: 1e-2, evaluateEvery: 3}
  engine: {threads: 1}`;

/** Two arms, two budgets of labels; `seeds` and `more` as in a study file. */
export function animalsStudy(name: string, seeds: readonly number[], more = ''): string {
  return `
name: ${name}
experiment:${animalsExperiment}
arms:
  - {name: pretrained, settings: {from.run: tiny-words}}
  - {name: scratch, settings: {tokenizer.run: tiny-words}}
conditions:
  - {name: 10-labels, settings: {task.labelBudget.total: 10}}
  - {name: 40-labels, settings: {task.labelBudget.total: 40}}
seeds: ${JSON.stringify(seeds)}
${more}`;
}

/** Of the runs of a study, by the names of their experiments, the weights and the answers. */
export async function studyBits({ runs }: Workspace, study: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(runs)).filter((name) => name.startsWith(`${study}.`));
  const bits = names.map(async (id) => {
    const run = runFolder(join(runs, id));
    const { name, training } = JSON.parse(await readFile(run.spec, 'utf8')) as {
      name: string;
      training: { steps: number };
    };
    const weights = await readFile(join(run.checkpoints, `step-${training.steps}`, 'model.safetensors'), 'base64');
    return [name, `${weights} ${await readFile(run.answers, 'utf8')}`] as const;
  });
  return new Map((await Promise.all(bits)).sort(([a], [b]) => (a < b ? -1 : 1)));
}
