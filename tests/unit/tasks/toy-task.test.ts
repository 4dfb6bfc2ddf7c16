// A task is one file: what is defined here is known to the help, the schema, the forms of pages and the demos by that alone.
import { z } from 'zod';
import { beforeAll, describe, expect, it } from 'vitest';
import { pretextInProcess } from '../../cli/in-process.ts';
import { registryHandlers } from '../../../src/main/rpc/features/registry.ts';
import { demoFormOf } from '../../../src/main/tasks/demo-form.ts';
import { experimentSchema } from '../../../src/main/runs/experiment-schema.ts';
import { suggestExperiment } from '../../../src/main/runs/suggest-experiment.ts';
import { taskNotes } from '../../../src/main/runs/task-notes.ts';
import { defineTask, findTask } from '../../../src/main/tasks/index.ts';
import { LabError } from '../../../src/shared/errors.ts';

const nothing = (): never => {
  throw new LabError('internal', 'the toy is never trained');
};

const describedCorpus = {
  name: 'a-corpus',
  kind: 'text-corpus' as const,
  examples: 3,
  labels: [],
  isSequences: false,
};

describe('a task in one file', () => {
  beforeAll(() => {
    defineTask({
      type: 'count-vowels',
      title: 'Count vowels',
      summary: 'Tells how many vowels a text has.',
      kind: 'pretext',
      data: ['text-corpus'],
      options: z.strictObject({ most: z.int().default(7).describe('Vowels that are told apart') }),
      metrics: ['accuracy', 'loss'],
      selection: { metric: 'accuracy', direction: 'maximise' },
      demo: { form: () => 'classify-text', examples: [{ text: 'a toy', textPair: null }] },
      suggested: { presets: ['bert-tiny'], training: { steps: 77 } },
      openSampler: nothing,
      build: nothing,
      evaluation: nothing,
      baselines: nothing,
    });
  });

  it('is in the help of the command line, with its options', async () => {
    const { code, out } = await pretextInProcess('task', 'count-vowels');
    expect(code).toBe(0);
    expect(out).toContain('Tells how many vowels a text has.');
    expect(out).toMatch(/most.*\n?.*Vowels that are told apart/);
  });

  it('is in the schema of experiment files', () => {
    const schema = JSON.stringify(experimentSchema());
    expect(schema).toContain('"count-vowels"');
    expect(schema).toContain('Vowels that are told apart');
  });

  it('is among the forms of pages, with the fields of its options and its metrics', async () => {
    const tasks = await registryHandlers().tasks(
      {},
      { signal: new AbortController().signal, progress: () => undefined },
    );
    const found = tasks.find(({ type }) => type === 'count-vowels');
    expect(found).toMatchObject({ title: 'Count vowels', defaults: { most: 7 }, metrics: ['accuracy', 'loss'] });
    expect(JSON.stringify(found?.options)).toContain('Vowels that are told apart');
  });

  it('says how it is asked, what suits it and what its runs are chosen by', () => {
    expect(demoFormOf(findTask('count-vowels'), 'tokens')).toBe('classify-text');
    const suggested = suggestExperiment('count-vowels', { data: describedCorpus });
    expect(suggested).toMatchObject({ pipeline: 'bert-tiny', training: { steps: 77 } });
    expect(taskNotes.selectionOf('count-vowels')).toEqual({ metric: 'accuracy', direction: 'maximise' });
  });
});

it('a task cannot select by a metric that is not its own, or in the wrong direction', () => {
  const define = (metric: 'accuracy' | 'perplexity') => () =>
    defineTask({
      ...findTask('masked-words'),
      type: `masked-words-by-${metric}`,
      metrics: ['accuracy'],
      selection: { metric, direction: 'minimise' },
    });
  expect(define('perplexity')).toThrow(/selects by 'perplexity'/);
  expect(define('accuracy')).toThrow(/selects by 'accuracy'/);
});
