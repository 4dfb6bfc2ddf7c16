// What audits say of networks that have learnt nothing, and of data that cannot be learnt from.
import { describe, expect, it } from 'vitest';
import type { Feeds, Finding, Inspection, TaskFacts, TensorData } from '../../../src/main/tasks/index.ts';
import { findTask } from '../../../src/main/tasks/index.ts';
import { inspectVoice } from '../../../src/main/tasks/speech/audit.ts';
import { inspectLabels } from '../../../src/main/tasks/targets/multi-label-audit.ts';
import { inspectNumbers } from '../../../src/main/tasks/targets/regression-audit.ts';

/** A finished run with one batch in its test, which its network answered so. */
function finished<Options>(
  feeds: Feeds,
  outputs: TensorData,
  options: Options,
  facts: Partial<TaskFacts> = {},
): Inspection<Options> {
  const never = (): never => {
    throw new Error('an audit draws no training batches');
  };
  return {
    sampler: {
      input: { kind: 'tokens', length: 4, vocabularySize: 4 },
      trainingExamples: 1,
      trainingBatch: never,
      evaluationBatchCount: (split) => Number(split === 'test'),
      evaluationBatch: () => feeds,
      preview: never,
      close: never,
      ...facts,
    },
    setup: { options, dataFolder: '', splitSeed: 0 },
    parameters: new Map(),
    batchSize: 3,
    run: () => Promise.resolve(outputs),
    signal: new AbortController().signal,
  };
}

const tensor = (shape: readonly number[], ...values: number[]) => ({ shape, data: Float32Array.from(values) });
const warned = (findings: readonly Finding[]): string[] =>
  findings.flatMap(({ name, warning }) => (warning ? [name] : []));

describe('audits', () => {
  it('of numbers see predictions that do not differ, and numbers that do not', async () => {
    const targets = { names: ['price', 'age', 'constant'], means: [0, 0, 0], deviations: [1, 1, 1] };
    const feeds = { targets: Float32Array.of(-1, -1, 2, 1, 1, 2, 9, 9, 9), weights: Float32Array.of(1, 1, 0) };
    const outputs = { standardised: tensor([3, 3], 0.01, -0.5, 2, -0.01, 0.5, 2, 7, 7, 7) };
    const { findings } = await inspectNumbers(finished(feeds, outputs, {}, { targets }));
    expect(findings.map(({ value }) => value)).toEqual([
      expect.closeTo(0.01, 6),
      expect.closeTo(0.5, 6),
      0, // it is the same for both examples
    ]);
    expect(warned(findings)).toEqual(['spread of predictions, price', 'spread of constant']);
  });

  it('of several labels name those that cannot be learnt, and compare how many are believed in', async () => {
    const feeds = { targets: Float32Array.of(1, 0, 0, 1, 1, 1), weights: Float32Array.of(1, 1, 0) };
    const sure = { logits: tensor([3, 2], 9, -9, -9, 9, 9, 9) };
    const options = { classWeights: 'none' } as const;
    const right = await inspectLabels(finished(feeds, sure, options), ['a', 'b'], [5, 2]);
    expect(right.findings.map(({ value }) => value)).toEqual([0, expect.closeTo(1, 3)]);
    expect(warned(right.findings)).toEqual([]);
    const unsure = { logits: tensor([3, 2], -9, -9, -9, -9, 9, 9) };
    const wrong = await inspectLabels(finished(feeds, unsure, options), ['a', 'b'], [5, 0]);
    expect(warned(wrong.findings)).toHaveLength(2);
    expect(wrong.findings[0]).toMatchObject({ value: 1, warning: expect.stringContaining('“b”') });
    expect(wrong.findings[1]).toMatchObject({ value: expect.closeTo(0, 3), reference: 1 });
  });

  it('of voices count characters that are not heard', async () => {
    const feeds = { mask: Float32Array.of(1, 1, 1, 0, 1, 1), weights: Float32Array.of(1, 1, 0) };
    const { findings } = await inspectVoice(finished(feeds, { durations: tensor([3, 2], 2, 0.1, 3, 0.1, 0, 0) }, {}));
    expect(findings).toEqual([expect.objectContaining({ value: expect.closeTo(1 / 3, 6), reference: 0 })]);
    expect(warned(findings)).toHaveLength(1);
  });

  it.each(['regression', 'multi-label', 'token-classification', 'alignment', 'speech-synthesis'])(
    'belong to %s, which can be asked and compared, too',
    (type) => {
      const { inspect, demo, predict, metrics, suggested } = findTask(type);
      expect(inspect).toBeDefined();
      expect(demo).toBeDefined();
      expect(predict).toBeDefined();
      expect(metrics.length).toBeGreaterThan(1);
      expect(suggested?.suits).toBeDefined();
    },
  );
});
