/** The bench of few labels: its specs are experiments that can be trained, and its page says what the study found. */
import { describe, expect, it } from 'vitest';
import { imageSets } from '../../../bench/few-labels/image-sets.ts';
import { textSets } from '../../../bench/few-labels/text-sets.ts';
import type { MeasuredSet } from '../../../bench/few-labels/measure.ts';
import { describeSet } from '../../../bench/few-labels/report.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { resolvePipeline } from '../../../src/main/nn/index.ts';

describe('the sets', () => {
  it.each(imageSets)(
    '$name: every pretraining is an experiment on its own material',
    ({ name, pretrainings, supervised }) => {
      const locate = (path: readonly (string | number)[]): string => path.join('.');
      for (const one of pretrainings) {
        const value = { name: one.name, ...one.experiment };
        const { data, task, pipeline } = parseExperiment({ value, locate });
        expect(data).toBe(`few-labels-${name}`);
        expect(task.type).toBe(one.name);
        expect(resolvePipeline(pipeline).outputs).toHaveProperty('vector');
      }
      const { task, data } = parseExperiment({ value: { name: 'supervised', ...supervised }, locate });
      expect(task).toMatchObject({ type: 'image-classification', testFraction: 0.4 });
      expect(data).toBe(`few-labels-${name}`);
    },
  );

  it('of texts have pretrainings on their own material, each with its task, and one tokenizer', () => {
    const locate = (path: readonly (string | number)[]): string => path.join('.');
    for (const { name, pretrainings, supervised } of textSets) {
      for (const one of pretrainings) {
        const { data, task } = parseExperiment({ value: { name: one.name, ...one.experiment }, locate });
        expect([data, task.type]).toEqual([`few-labels-${name}`, one.name]);
      }
      const { data, tokenizer } = parseExperiment({ value: { name: 'supervised', ...supervised }, locate });
      expect([data, tokenizer]).toEqual([`few-labels-${name}`, { corpus: `few-labels-${name}` }]);
    }
  });

  it('have every pretext task on images, so that they are compared on the same pictures', () => {
    for (const { pretrainings } of imageSets) {
      expect(pretrainings.map(({ name }) => name)).toEqual(['contrastive-views', 'rotation', 'patch-position']);
    }
  });
});

describe('the page', () => {
  it('has a row for each arm, with its accuracy and its gain at every budget, and the verdicts', () => {
    const interval = { low: 0.05, high: 0.15, confidence: 0.95 };
    const [set] = imageSets;
    const conditions = set!.budgets.map((count) => `${count}-labels-a-class`);
    const pretrained = { run: 'r', steps: 1200, seconds: 120 };
    const study = {
      conditions: conditions.map((name) => ({ name, labels: 50 })),
      testExamples: 1000,
      runs: [1, 2, 3].map((seed) => ({ seed })),
      arms: conditions.flatMap((condition, index) => [
        { condition, arm: 'views', mean: 0.8 + index / 100 },
        { condition, arm: 'scratch', mean: 0.7 },
      ]),
      gains: conditions.map((condition) => ({ condition, arm: 'views', gain: 0.1, interval })),
      verdicts: [{ condition: conditions[0], sentence: 'Views are better.' }],
    };
    const measured = {
      set,
      rows: [
        { arm: 'views', title: 'Contrastive views, 2 min', use: 'read', pretrained },
        { arm: 'scratch', title: 'From scratch', use: 'trained', pretrained: undefined },
      ],
      study,
    } as unknown as MeasuredSet; // of a study, what the page reads
    const page = describeSet(measured, { command: 'npm run bench -- few-labels', threads: 2 });
    expect(page).toContain('| Contrastive views, 2 min (1200 steps) | read | 0.800 (+0.100 [+0.050, +0.150])');
    expect(page).toContain('| From scratch | trained | 0.700 | 0.700 | 0.700 |');
    expect(page).toContain('- 5 labels a class: Views are better.');
    expect(page).toContain('Accuracy on 1000 test images, mean over 3 draws');
  });
});
