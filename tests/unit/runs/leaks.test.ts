/** The leak check of runs: what the backbone has seen, of whom, and what is done about it. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brownTexts } from '../../../src/main/data/samples/brown.ts';
import { importTextCorpus } from '../../../src/main/data/text/import-corpus.ts';
import { importTextDataset } from '../../../src/main/data/text/import-dataset.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { findLeaks } from '../../../src/main/runs/find-leaks.ts';
import { openRun } from '../../../src/main/runs/open-run.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { findMaterial } from '../../../src/main/workspace/catalogue.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { readEvents } from '../../../src/main/workspace/run-folder.ts';
import { readRunLeaks } from '../../../src/main/workspace/run-leaks.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace } from '../../tiny-workspace.ts';

let tiny: TinyWorkspace;
let pretrained: RunFolder;
const examples = 60;
/** Of the corpus, every fifth example of the dataset: as it is, or in capitals. */
const leaking = (index: number): boolean => index % 5 === 0;
/** Real text: what a grammar makes is alike everywhere. */
const paragraphs = [...brownTexts()]
  .slice(0, 40)
  .flatMap(({ text }) => text.split('\n\n'))
  .filter((text) => text.length > 150);
const textOf = (index: number): string => paragraphs[index]!;

async function train(text: string): Promise<RunFolder> {
  const run = await createRun(tiny.workspace, parseExperiment(parseSpecText(text, 'spec.yaml')));
  await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
  return run;
}

const network = 'pipeline: {preset: bert-tiny, options: {layers: 1, hiddenSize: 8, heads: 2, maximumLength: 16}}';

const tuning = (from: string, leaks: string, rest = ''): string => `
name: tuned
task: {type: text-classification, length: 16, validationFraction: 0.2, testFraction: 0.4}
data: letters
${network}
from: {run: ${from}}
evaluation: {leaks: ${leaks}, baselines: false${rest}}
training: {steps: 2, batchSize: 4}
engine: {threads: 1}
`;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const { workspace, folder } = tiny;
  const rows = Array.from({ length: examples }, (_, index) =>
    JSON.stringify({ label: index % 2 === 0 ? 'a' : 'b', text: textOf(index) }),
  );
  rows.push(JSON.stringify({ label: 'a', text: textOf(1).toUpperCase() })); // near duplicates within the dataset
  await writeFile(join(folder, 'letters.jsonl'), rows.join('\n'));
  await importTextDataset({
    sources: [join(folder, 'letters.jsonl')],
    folder: join(workspace.datasets, 'letters'),
    name: 'letters',
  });
  const documents = Array.from({ length: examples }, (_, index) => {
    const copy = index % 2 === 0 ? textOf(index) : textOf(index).toUpperCase();
    return `${textOf(100 + index)}\n\n${leaking(index) ? copy : ''}\n\n${textOf(200 + index)}`;
  });
  await writeFile(join(folder, 'seen.jsonl'), documents.map((text) => JSON.stringify({ text })).join('\n'));
  await importTextCorpus({
    sources: [join(folder, 'seen.jsonl')],
    folder: join(workspace.corpora, 'seen'),
    name: 'seen',
    tokenizer: { vocabularySize: 200 },
  });
  pretrained = await train(`
name: words
task: {type: masked-words, length: 16, evaluationExamples: 8}
data: seen
${network}
training: {steps: 2, batchSize: 4}
engine: {threads: 1}
`);
});

afterAll(() => tiny.remove());

describe('a fine-tuned run', () => {
  it('reports which test examples its backbone has seen', async () => {
    const run = await train(tuning(pretrained.id, 'report'));
    const leaks = (await readRunLeaks(run))!;
    const prepared = await openRun(tiny.workspace, run);
    const test = [...prepared.sampler.sides!.test];
    prepared.sampler.close();
    const expected = test.filter((index) => index < examples && leaking(index));
    expect(leaks).toMatchObject({ action: 'report', testExamples: test.length, excluded: [], unchecked: [] });
    expect(leaks.sources[0]).toEqual({
      relation: 'pretraining',
      kind: 'text-corpus',
      name: 'seen',
      leaked: expected.length,
    });
    const listed = leaks.listed.filter(({ source }) => source === 0).map(({ example }) => example);
    expect(listed.sort()).toEqual(expected.sort());
    const { leaks: summary } = JSON.parse(await readFile(run.result, 'utf8')) as { leaks: { leaked: number } };
    expect(summary.leaked).toBe(leaks.leaked);
    const notice = (await readEvents(run)).find((event) => event.type === 'notice');
    expect(notice).toMatchObject({ message: expect.stringContaining('test examples also occur in seen') });
  });

  it('is tested without them if that is asked for, and as well when it is taken up again', async () => {
    const run = await train(tuning(pretrained.id, 'exclude'));
    const leaks = (await readRunLeaks(run))!;
    expect(leaks.excluded.length).toBe(leaks.leaked);
    expect(leaks.excluded.length).toBeGreaterThan(0);
    const result = JSON.parse(await readFile(run.result, 'utf8')) as { test: { correct: string } };
    expect(result.test.correct).toHaveLength(leaks.testExamples - leaks.excluded.length);
    const prepared = await openRun(tiny.workspace, run);
    expect([...prepared.sampler.sides!.test].filter((index) => leaks.excluded.includes(index))).toEqual([]);
    prepared.sampler.close();
    await rm(run.result);
    await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
    expect(JSON.parse(await readFile(run.result, 'utf8'))).toMatchObject({ test: result.test });
  });

  it('from scratch leaves out what another run has seen', async () => {
    const without = tuning('x', 'exclude', `, leaksAgainst: [${pretrained.id}]`).replace(
      /from: .*\n/,
      'tokenizer: {corpus: seen}\n',
    );
    const scratch = await readRunLeaks(await train(without));
    const transferred = await readRunLeaks(await train(tuning(pretrained.id, 'exclude')));
    expect(scratch?.excluded).toEqual(transferred?.excluded);
  });

  it('of a backbone that was fine-tuned on other parts of the same dataset names those', async () => {
    const first = await train(tuning(pretrained.id, 'report'));
    const second = await train(`${tuning(first.id, 'report')}\nsplitSeed: 5\n`);
    const leaks = (await readRunLeaks(second))!;
    const [own, corpus] = leaks.sources;
    expect(own).toMatchObject({ relation: 'pretraining', name: 'letters' });
    expect(own!.leaked).toBeGreaterThan(0);
    expect(corpus).toMatchObject({ relation: 'pretraining', name: 'seen' });
  });

  it('is not looked at if that is asked for, and refuses a test that leaks as a whole', async () => {
    expect(await readRunLeaks(await train(tuning(pretrained.id, 'ignore')))).toBeUndefined();
    const { workspace, folder } = tiny;
    await importTextCorpus({
      sources: [join(folder, 'letters.jsonl')],
      folder: join(workspace.corpora, 'all'),
      name: 'all',
      tokenizer: { vocabularySize: 200 },
    });
    const all = await train(`
name: all-words
task: {type: masked-words, length: 16, evaluationExamples: 8}
data: all
${network}
training: {steps: 1, batchSize: 4}
engine: {threads: 1}
`);
    await expect(train(tuning(all.id, 'exclude'))).rejects.toMatchObject({
      code: 'bad-spec',
      message: expect.stringMatching(/evaluation\.leaks: all \d+ test examples also occur in all/),
    });
  });
});

it('keeps what was found under the contents of both sides', async () => {
  const dataset = await findMaterial(tiny.workspace, 'dataset', 'letters');
  const corpus = await findMaterial(tiny.workspace, 'corpus', 'seen');
  const progress: number[] = [];
  const options = { minimumSimilarity: 0.9, onProgress: (done: number) => progress.push(done) };
  const first = await findLeaks(tiny.workspace, dataset, corpus, options);
  expect(progress.length).toBeGreaterThan(0);
  progress.length = 0;
  expect(await findLeaks(tiny.workspace, dataset, { ...corpus, name: 'renamed' }, options)).toEqual({
    ...first,
    against: { ...first.against, name: 'renamed' },
  });
  expect(progress).toEqual([]);
  await findLeaks(tiny.workspace, dataset, { ...corpus, contentHash: '0'.repeat(64) }, options);
  expect(progress.length).toBeGreaterThan(0);
});
