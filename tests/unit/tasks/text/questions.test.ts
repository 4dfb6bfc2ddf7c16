// What recorded samples and people are asked: examples of a split, one by one.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadTokenizer } from '../../../../src/main/data/tokenizer/tokenizer.ts';
import { questionFeeds, registeredTasks } from '../../../../src/main/tasks/index.ts';
import { buildModel } from '../../../../src/main/training/model.ts';
import type { TextFixture } from './text-fixtures.ts';
import { markedCorpus } from './text-fixtures.ts';
import { compile, openTask } from './tiny-models.ts';

let fixture: TextFixture;
beforeAll(async () => {
  fixture = await markedCorpus();
});
afterAll(() => fixture.remove());

/** Next word needs a network that looks back alone: next-word.test.ts. */
const answered = registeredTasks().filter(
  (task) => task.data.includes('text-corpus') && task.answers && task.type !== 'next-word',
);

it.each(answered.map((task) => [task.type, task] as const))(
  '%s is asked about validation examples one by one, and has an answer to each',
  async (type, task) => {
    const { model, sampler, settings } = openTask(fixture, type, {});
    const prediction = await compile(model, 'prediction', 1);
    const tokenizer = loadTokenizer(fixture.tokenizerFile);
    const { inputs } = buildModel(model, 'prediction', 1);
    const count = Math.min(8, sampler.evaluationBatchCount('validation', 1));
    expect(count).toBeGreaterThan(0);
    for (let index = 0; index < count; index += 1) {
      const feeds = questionFeeds(sampler, 'validation', index);
      const outputs = await prediction.run(Object.fromEntries([...inputs.keys()].map((name) => [name, feeds[name]!])));
      const found = task.answers?.({ outputs, feeds, facts: model.facts, tokenizer, top: 3 }, settings) ?? [];
      expect(found.length, `example ${index}`).toBeGreaterThan(0);
    }
    await prediction.release();
    sampler.close();
  },
);
