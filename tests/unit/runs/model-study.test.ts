/**
 * Studies that ask what a model of others gains: beside a network that was pretrained here and one from scratch, over seeds, with the
 * paired differences and a card that says where the weights are from; and one arm for each family.
 */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importTextCorpus } from '../../../src/main/data/text/import-corpus.ts';
import { loadStudyCard } from '../../../src/main/runs/card/load-card.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { importModel } from '../../../src/main/runs/import-model.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { parseStudy } from '../../../src/main/runs/study-plan.ts';
import { runStudy } from '../../../src/main/runs/study.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { cardAsMarkdown } from '../../../src/shared/card/markdown.ts';
import type { FamilyModel } from '../../family-models.ts';
import { createFamilyWorkspace, familyModels, nameOf, sourceOf } from '../../family-models.ts';
import { writeTinyText } from '../../tiny-workspace.ts';
import type { TinyImageWorkspace } from '../../tiny-images.ts';

const quiet = { signal: new AbortController().signal, prefetch: false };
let tiny: TinyImageWorkspace;

beforeAll(async () => {
  tiny = await createFamilyWorkspace();
  const texts = path.join(tiny.folder, 'text');
  await writeTinyText(texts);
  await importTextCorpus({ sources: [texts], folder: path.join(tiny.workspace.corpora, 'tiny'), name: 'tiny' });
  for (const row of familyModels) {
    const { settings = {} } = row;
    await importModel(tiny.workspace, nameOf(row), sourceOf(row, tiny.folder), { ...quiet, settings });
  }
});
afterAll(() => tiny.remove());

/** The answer, which is the same where the study is asked again: all of its runs are found then. */
async function answerOf(text: string) {
  const source = parseSpecText(text, 'study.yaml');
  const study = parseStudy(source);
  const first = await runStudy(tiny.workspace, study, source, quiet);
  const reused: boolean[] = [];
  const again = await runStudy(tiny.workspace, study, source, {
    ...quiet,
    onCell: (_cell, _index, _total, isReused) => reused.push(isReused),
  });
  expect(again).toEqual(first);
  expect(new Set(reused)).toEqual(new Set([true]));
  return first!; // nobody has stopped it
}

const experiment = (reads: FamilyModel['reads']): string => `
experiment:
  task: {type: ${reads === 'text' ? 'text-classification, length: 12' : 'image-classification'}, validationFraction: 0.2, testFraction: 0.4}
  data: ${reads === 'text' ? 'rows' : 'colours'}
  training: {steps: 2, batchSize: 4, learningRate: 1e-2, evaluateEvery: 2}
  evaluation: {baselines: false, inspect: false, batchSize: 8}
  engine: {threads: 1}`;

describe('a study of a public model, the same network pretrained here, and from scratch', () => {
  it('pairs all three by seed, and says where the weights are from', async () => {
    const pretraining = `
name: pretrained-here
task: {type: masked-words, length: 12}
data: tiny
pipeline: {model: bert}
tokenizer: {model: bert}
training: {steps: 2, batchSize: 4, learningRate: 1e-3}
evaluation: {baselines: false, inspect: false}
engine: {threads: 1}`;
    const here = await createRun(tiny.workspace, parseExperiment(parseSpecText(pretraining, 'here.yaml')));
    await trainRun(tiny.workspace, here, quiet);
    const { arms, gains, verdicts, runs } = await answerOf(`
name: three-arms
${experiment('text')}
arms:
  - {name: public, title: a public BERT, settings: {from.model: bert}}
  - {name: here, title: pretrained here, settings: {from.run: ${here.id}, pipeline: {model: bert}}}
  - {name: scratch, title: from scratch, settings: {pipeline: {model: bert}, tokenizer.model: bert}}
seeds: [1, 2, 3]
metric: loss`);
    expect(arms.map(({ arm, pretrained }) => [arm, pretrained])).toEqual([
      ['public', true],
      ['here', true],
      ['scratch', false],
    ]);
    expect(runs.map(({ arm, seed, split }) => `${arm} ${seed} ${split}`)).toHaveLength(9);
    const mean = (arm: string): number => arms.find((one) => one.arm === arm)!.mean;
    const ofScratch = gains.filter(({ reference }) => reference === 'scratch');
    expect(ofScratch.map(({ arm }) => arm)).toEqual(['public', 'here']);
    for (const { arm, gain } of ofScratch) expect(gain).toBeCloseTo(mean('scratch') - mean(arm), 6); // less loss is more
    expect(verdicts).toHaveLength(1);
    const card = (await loadStudyCard(tiny.workspace, 'three-arms'))!;
    const text = cardAsMarkdown(card);
    expect(text).toContain('bert: BERT, 2 layers of 8 features');
    for (const title of ['a public BERT', 'pretrained here', 'from scratch']) expect(text).toContain(title);
  });
});

describe.each(['text', 'image'] as const)('a study with an arm for each family that reads %ss', (reads) => {
  it('has a result of every arm and seed', async () => {
    const rows = familyModels.filter((row) => row.reads === reads);
    const arms = rows.map((row) => `  - {name: ${nameOf(row)}, settings: {from.model: ${nameOf(row)}}}`);
    const answer = await answerOf(`
name: families-of-${reads}
${experiment(reads)}
arms:
${arms.join('\n')}
seeds: [1]`);
    expect(answer.runs.map(({ arm }) => arm)).toEqual(rows.map(nameOf));
    for (const { value } of answer.runs) expect(value).toBeGreaterThanOrEqual(0);
    expect(answer.arms.every(({ pretrained }) => pretrained)).toBe(true);
  });
});
