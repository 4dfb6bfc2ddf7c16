import { afterAll, beforeAll, expect, it } from 'vitest';
import { findTask } from '../../../src/main/tasks/index.ts';
import type { SamplerSetup } from '../../../src/main/tasks/index.ts';
import { prefetchBatches, sampleBatches } from '../../../src/main/training/batches.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';

let tiny: TinyWorkspace;
let setup: SamplerSetup;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const { type: _type, ...options } = tinyExperiment().task;
  setup = { options, dataFolder: `${tiny.workspace.corpora}/tiny`, splitSeed: 3 };
});
afterAll(() => tiny.remove());

it('a worker gives the same batches as the main thread, from any step on', async () => {
  const sampler = findTask('masked-words').openSampler(setup);
  const range = { seed: 5, batchSize: 4, from: 3, to: 15 };
  const here = sampleBatches(sampler, range);
  const there = prefetchBatches('masked-words', setup, range);
  try {
    const first = sampler.trainingBatch(5, 3, 4);
    for (let index = range.from; index < range.to; index++) {
      const expected = await here.next();
      if (index === range.from) expect(expected).toEqual(first);
      expect(await there.next()).toEqual(expected);
    }
  } finally {
    await there.close();
    sampler.close();
  }
});

it('an error in the worker arrives with its code', async () => {
  const batches = prefetchBatches(
    'masked-words',
    { ...setup, dataFolder: '/nowhere' },
    { seed: 0, batchSize: 4, from: 0, to: 9 },
  );
  try {
    await expect(batches.next()).rejects.toMatchObject({ name: 'LabError', code: 'not-found' });
    await expect(batches.next()).rejects.toMatchObject({ code: 'not-found' });
  } finally {
    await batches.close();
  }
});

it('asking for more batches than were ordered is an error, not a silence', async () => {
  const batches = prefetchBatches('masked-words', setup, { seed: 0, batchSize: 4, from: 0, to: 1 });
  try {
    await batches.next();
    await expect(batches.next()).rejects.toMatchObject({ code: 'internal' });
  } finally {
    await batches.close();
  }
});
