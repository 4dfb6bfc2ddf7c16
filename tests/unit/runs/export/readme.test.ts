// What a README says of an exported network is done as it stands: the lines of JavaScript run in Node, and answer as the lab does. Those of
// Python are run by scripts/check-readmes.py.
import { execFile } from 'node:child_process';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../../src/main/runs/experiment.ts';
import { exportRun } from '../../../../src/main/runs/export/index.ts';
import { openPredictor } from '../../../../src/main/runs/predict.ts';
import { parseSpecText } from '../../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../../src/main/runs/train-run.ts';
import { importDataset } from '../../../../src/main/work/import-material.ts';
import type { RunFolder } from '../../../../src/main/workspace/run-folder.ts';
import { createTinyWorkspace, tinyDocument } from '../../../tiny-workspace.ts';
import type { TinyWorkspace } from '../../../tiny-workspace.ts';

const { signal } = new AbortController();
const network = 'pipeline: {preset: bert-tiny, options: {layers: 1, hiddenSize: 8, heads: 2, maximumLength: 48}}';
const training = 'training: {steps: 30, batchSize: 8, learningRate: 3e-2}\nengine: {threads: 1}';
let tiny: TinyWorkspace;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const sentences = Array.from({ length: 40 }, (_, index) => `${tinyDocument(index).split('.')[0] ?? ''} ${index}.`);
  const isAnimal = (text: string): boolean => /cat|dog|bird/u.test(text);
  await importRows('animals', sentences.map((text) => ({ text, label: isAnimal(text) ? 'animal' : 'other' }))); // prettier-ignore
  // After the third word of a sentence tags are those of the words before them: a CRF has something to learn.
  const tagOf = (word: string, place: number): string => (place > 2 ? 'REST' : isAnimal(word) ? 'B-ANIMAL' : 'O');
  const tagged = sentences.map((text) => text.replace('.', ' .').split(' ')).map((tokens) => ({ tokens, tags: tokens.map(tagOf) })); // prettier-ignore
  await importRows('tags', tagged, 'tags');
});
afterAll(() => tiny.remove());

async function importRows(name: string, rows: readonly object[], kind?: 'tags'): Promise<void> {
  const file = join(tiny.folder, `${name}.jsonl`);
  await writeFile(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  await importDataset(tiny.workspace, name, { sources: [file], ...(kind && { labels: { kind } }) });
}

async function trained(name: string, task: string, data: string, more = network): Promise<RunFolder> {
  const text = `name: ${name}\ntask: ${task}\ndata: ${data}\n${more}\n${training}`;
  const run = await createRun(tiny.workspace, parseExperiment(parseSpecText(text, 'readme.yaml')));
  await trainRun(tiny.workspace, run, { signal, prefetch: false });
  return run;
}

/** What the lines of a README log, asked about a text of ours. */
async function logged(run: RunFolder, text: string): Promise<unknown> {
  const { folder } = await exportRun(tiny.workspace, run, { folder: join(tiny.folder, run.id), format: 'onnx' });
  const readme = await readFile(join(folder, 'README.md'), 'utf8');
  const [, code = ''] = /```js\n(.+?)```/su.exec(readme) ?? [];
  const asked = code.replace(/const text = ".+";/u, `const text = ${JSON.stringify(text)};`);
  expect(asked).toContain(text);
  const output = 'const console = { log: (value) => process.stdout.write(JSON.stringify(value)) };';
  await writeFile(join(folder, 'ask.mjs'), `${output}\n${asked}`);
  await symlink(join(import.meta.dirname, '../../../../node_modules'), join(folder, 'node_modules'), 'junction');
  const { stdout } = await promisify(execFile)(process.execPath, ['ask.mjs'], { cwd: folder });
  return JSON.parse(stdout) as unknown;
}

describe('the lines of JavaScript', () => {
  it.each(['softmax', 'crf'])('tag words as the lab does: %s', async (decoder) => {
    const run = await trained(`tags-${decoder}`, `{type: token-classification, length: 48, decoder: ${decoder}}`, 'tags', `${network}\ntokenizer: {corpus: tiny}`); // prettier-ignore
    const text = 'the cat sees the house, and 3.5 birds don’t.';
    await using predictor = await openPredictor(run);
    const [{ words = [] } = {}] = await predictor.ask({ text, top: 1 });
    expect(new Set(words.map(({ tag }) => tag)).size).toBeGreaterThan(1);
    expect(await logged(run, text)).toEqual(words.map(({ word, tag }) => [word, tag]));
  });

  it('give a number for each class', async () => {
    const run = await trained('classes', '{type: text-classification, length: 24}', 'animals', `${network}\ntokenizer: {corpus: tiny}`); // prettier-ignore
    const text = 'the cat sees the house .';
    const rows = (await logged(run, text)) as [label: string, logit: number][]; // as they are written
    const total = rows.reduce((sum, [, logit]) => sum + Math.exp(logit), 0);
    await using predictor = await openPredictor(run);
    const [{ choices } = { choices: [] }] = await predictor.ask({ text, top: 2 });
    const expected = new Map(choices.map(({ label, probability }) => [label, probability]));
    expect(rows.map(([label]) => label).sort()).toEqual([...expected.keys()].sort());
    for (const [label, logit] of rows) expect(Math.exp(logit) / total).toBeCloseTo(expected.get(label) ?? NaN, 5);
  });

  it.each([
    ['fill in a mask', '{type: masked-words, length: 24}', network, 'the cat [MASK] the house .'],
    ['say the next word', '{type: next-word, length: 24, state: reset}', 'pipeline: {preset: gpt-tiny, options: {layers: 1, hiddenSize: 8, heads: 2}}', 'the cat'],
  ])('%s', async (name, task, pipeline, text) => {
    const run = await trained(name.replaceAll(' ', '-'), task, 'tiny', pipeline);
    await using predictor = await openPredictor(run);
    const [{ choices } = { choices: [] }] = await predictor.ask({ text, top: 5 });
    const bare = (token: string): string => token.replace(/^##/u, '');
    const found = (await logged(run, text)) as string[]; // as they are written
    expect(found.map(bare)).toEqual(choices.map(({ label }) => bare(label)));
  }); // prettier-ignore
});
