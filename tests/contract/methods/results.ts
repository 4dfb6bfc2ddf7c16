// What can be done with a trained run: comparing it, asking it, and studies of several.
import { expect, it } from 'vitest';
import { tinyExperiment } from '../lab-fixture.ts';
import { finished } from './scenario.ts';
import type { Scenario } from './scenario.ts';

export function describeResults(scenario: Scenario): void {
  it('compares', async () => {
    const { runs } = await scenario.client.runs.list({});
    const ids = runs.map(({ id }) => id);
    const table = await scenario.client.compare.table({ ids });
    expect(table.results.find(({ metric }) => metric === 'validation.loss')).toMatchObject({ direction: 'minimise' });
    const { series, bands } = await scenario.client.compare.series({
      ids,
      metrics: ['training.loss'],
      groupBy: ['spec.task.type'],
    });
    expect(series.map((line) => line.run)).toEqual([scenario.run]);
    expect(bands).toMatchObject([{ key: ['masked-words'], x: [1, 2, 3, 4, 5, 6], mean: series[0]?.values }]);
    expect(
      await scenario.client.compare.paired({
        first: [scenario.run],
        second: [scenario.run],
        metric: 'validation.loss',
      }),
    ).toMatchObject({
      pairs: [{ seed: 3 }],
      paired: { count: 1, difference: 0 },
    });
    const { html } = await scenario.client.compare.report({ ids: [scenario.run], title: 'A <b>' });
    expect(html).toContain('A &lt;b&gt;');
    expect(html).not.toMatch(/<script|https?:/);
    expect(html).toContain('role="img" aria-label="training.loss"');
    expect(
      (
        await scenario.client.compare.csv({ ids: [scenario.run], content: 'series', metrics: ['training.loss'] })
      ).text.split('\r\n'),
    ).toHaveLength(8);
  });

  it('answers in demos', async () => {
    expect(await scenario.client.demos.list({})).toMatchObject([
      { run: scenario.run, form: 'masked-words', input: { kind: 'tokens', shape: [16] } },
    ]);
    const { answers } = await scenario.client.demos.ask({
      run: scenario.run,
      text: 'the man went to the [MASK] .',
      top: 3,
    });
    expect(answers[0]?.choices).toHaveLength(3);
    await expect(scenario.client.demos.ask({ run: scenario.run, text: 'no mask' })).rejects.toMatchObject({
      code: 'bad-input',
    });
    const { questions } = await scenario.client.demos.quiz({ run: scenario.run, count: 2 });
    expect(questions.every(({ choices, truth }) => choices.includes(truth))).toBe(true);
    const continued = await scenario.client.demos.continue({
      run: scenario.run,
      text: 'the [MASK]',
      words: 1,
      temperature: 0,
    });
    expect(continued.added).toHaveLength(1);
    const { job } = await scenario.client.demos.embeddings({
      run: scenario.run,
      count: 10,
      method: 'principal-components',
    });
    const { state, result } = await finished(scenario.client, job);
    expect([state, (result as { points: unknown[] }).points.length]).toEqual(['done', 8]);
  });

  it('writes audit cards', async () => {
    const card = await scenario.client.runs.card({ id: scenario.run });
    expect(card).toMatchObject({ of: 'run', name: scenario.run });
    expect(card.sections.map(({ title }) => title)).toContain('Leaks');
    await expect(scenario.client.studies.card({ name: 'none' })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('plans, creates and reads studies', async () => {
    const { name: _name, ...experiment } = tinyExperiment;
    const spec = {
      name: 'question',
      experiment,
      arms: [{ name: 'fast', settings: { 'training.learningRate': 0.001 } }, { name: 'slow' }],
      seeds: [1, 2],
    };
    expect((await scenario.client.studies.plan({ spec })).cells).toHaveLength(4);
    expect((await scenario.client.studies.plan({ spec: { ...spec, arms: [] } })).problems.length).toBeGreaterThan(0);
    await scenario.client.runs.setQueue({ held: true });
    expect((await scenario.client.studies.create({ spec })).runs.map(({ state }) => state)).toEqual(
      Array(4).fill('queued'),
    );
    expect(await scenario.client.studies.get({ name: 'question' })).toMatchObject({ finished: 0, result: null });
    expect((await scenario.client.studies.list({})).map(({ name }) => name)).toEqual(['question']);
    const { runs } = await scenario.client.runs.list({ filter: { study: 'question' } });
    expect(runs).toHaveLength(4);
    await scenario.client.runs.cancel({ ids: runs.map(({ id }) => id) });
    await scenario.client.runs.setQueue({ held: false });
  });
}
