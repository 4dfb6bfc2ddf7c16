// Studies on numbers, several labels and tags: all four arms and a head that starts as a linear probe answer the same examples, with
// intervals over seeds and examples and a verdict.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabelFormat } from '../../../src/shared/spec/label-format.ts';
import { answeredExamples, haveSameExamples } from '../../../src/shared/study/answered-run.ts';
import { readAnswers } from '../../../src/main/runs/answers-file.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { runStudy } from '../../../src/main/runs/study.ts';
import { parseStudy } from '../../../src/main/runs/study-plan.ts';
import { importDataset } from '../../../src/main/work/import-material.ts';
import { runFolder } from '../../../src/main/workspace/run-folder.ts';
import { createStudyWorkspace } from '../../tiny-study.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';

let tiny: TinyWorkspace;
const { signal } = new AbortController();

const animals = ['cat', 'dog'] as const;
const lines = Array.from({ length: 60 }, (_, index) => {
  const animal = animals[index % 2]!;
  return {
    words: ['the', ...(index % 3 === 0 ? ['old'] : []), animal, 'sees', 'the', 'house', String(index)],
    index,
    animal,
  };
});

const material: Readonly<Record<string, { file: string; labels: LabelFormat; content: string }>> = {
  numbers: {
    file: 'numbers.csv',
    labels: { kind: 'numbers' },
    content: [
      'text,label',
      ...lines.map(({ words, index }) => `${words.join(' ')},${(index % 2) * 10 + (index % 3)}`),
    ].join('\n'),
  },
  several: {
    file: 'several.csv',
    labels: { kind: 'several' },
    content: [
      'text,label',
      ...lines.map(({ words, index, animal }) => `${words.join(' ')},${animal}${index % 3 === 0 ? ';old' : ''}`),
    ].join('\n'),
  },
  tags: {
    file: 'tags.conll',
    labels: { kind: 'tags' },
    content: lines
      .map(({ words }) => words.map((word) => `${word} ${/cat|dog/u.test(word) ? 'B-ANIMAL' : 'O'}`).join('\n'))
      .join('\n\n'),
  },
};

beforeAll(async () => {
  tiny = await createStudyWorkspace();
  for (const [name, { file, content, labels }] of Object.entries(material)) {
    const folder = join(tiny.folder, name);
    mkdirSync(folder);
    writeFileSync(join(folder, file), content);
    const sources = [join(folder, file)];
    await importDataset(tiny.workspace, name, { sources, labels, signal, onProgress: () => undefined });
  }
});
afterAll(() => tiny.remove());

const spec = (data: string, task: string, metric: string): string => `
name: study-of-${data}
experiment:
  task: {type: ${task}, length: 16${task === 'token-classification' ? ', words: 12' : ''}, validationFraction: 0.2, testFraction: 0.3}
  data: ${data}
  pipeline: {preset: bert-tiny, options: {layers: 2, hiddenSize: 8, heads: 2, maximumLength: 16}}
  training: {steps: 4, batchSize: 8, learningRate: 3e-3, evaluateEvery: 4, logEvery: 4}
  engine: {threads: 1}
arms:
  - {name: pretrained, settings: {from.run: tiny-words}}
  - {name: probed-first, settings: {from.run: tiny-words, training.linearProbeFirst: true}}
  - {name: frozen, method: frozen-features, settings: {from.run: tiny-words}}
  - {name: classical, method: baseline}
  - {name: scratch, settings: {tokenizer.run: tiny-words}}
seeds: [1, 2]
metric: ${metric}`;

describe.each([
  ['numbers', 'regression', 'rmse'],
  ['several', 'multi-label', 'macroF1'],
  ['tags', 'token-classification', 'entityF1'],
])('a study on %s', (data, task, metric) => {
  it('compares all arms on the same examples, and says who wins', { timeout: 300_000 }, async () => {
    const source = parseSpecText(spec(data, task, metric), 'study.yaml');
    const result = (await runStudy(tiny.workspace, parseStudy(source), source, { signal, prefetch: false }))!;
    expect(result.metric).toBe(metric);
    expect(result.runs).toHaveLength(5 * 2);
    const answers = await Promise.all(
      result.runs.map(async ({ run }) => (await readAnswers(runFolder(join(tiny.workspace.runs, run)).answers))!),
    );
    for (const one of answers) expect(haveSameExamples(one, answers[0]!)).toBe(true);
    expect(answeredExamples(answers[0]!)).toBe(result.testExamples);
    for (const gain of result.gains) {
      expect(gain.interval, gain.arm).not.toBeNull();
      expect(gain.overSeeds, gain.arm).not.toBeNull();
      expect(gain.overExamples, gain.arm).not.toBeNull();
    }
    const [verdict] = result.verdicts;
    expect(verdict?.sentence).toContain('95 % CI');
    // Words tell all of it, so that a linear method on them finds it.
    const reached = (arm: string): number => result.arms.find((one) => one.arm === arm)!.mean;
    if (metric === 'rmse') expect(reached('classical')).toBeLessThan(reached('scratch'));
    else expect(reached('classical')).toBeGreaterThan(0.9);
    const chosen = result.runs.find(({ arm }) => arm === 'frozen')?.chosen;
    expect(chosen).toHaveProperty('penalty');
  });
});
