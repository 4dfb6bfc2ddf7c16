// What can be done with a trained run: comparing it, asking it, and studies of several.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tinyExperiment } from '../lab-fixture.ts';
import { finished } from './scenario.ts';
import type { Scenario } from './scenario.ts';

/** Takes a study, says of its first element that it waits, and of the others nothing. */
const idleScheduler = `
title: Idle
element: ELEMENT
options: {queue: {required: true, help: Queue}}
script: "{work}"
submit: {command: [echo, '7', '{script}', '{queue}'], pattern: '^(?<job>\\d+)'}
poll: [{command: [echo, '0 waits'], line: '^(?<index>\\d+) (?<state>\\w+)$'}]
states: {waiting: [waits], running: [], failed: []}
cancel: {command: [echo, '{job}']}`;

export function describeResults(scenario: Scenario): void {
  it('compares', async () => {
    const { runs } = await scenario.client.runs.list({});
    const ids = runs.map(({ id }) => id);
    const table = await scenario.client.compare.table({ ids });
    expect(table.results.find(({ metric }) => metric === 'validation.loss')).toMatchObject({ direction: 'minimise' });
    expect(await scenario.client.runs.verdicts({ ids: [scenario.run, 'gone'] })).toEqual([
      { id: scenario.run, verdicts: expect.any(Array) as unknown },
    ]);
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
    const offered = await scenario.client.demos.list({});
    expect(offered.filter(({ kind }) => kind === 'run')).toMatchObject([
      { run: scenario.run, form: 'masked-words', input: { kind: 'tokens', shape: [16] } },
    ]);
    expect(offered.filter(({ kind }) => kind === 'model').map(({ name }) => name)).toContain('tiny-bert');
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

  it('proposes what to label next, and says why it cannot', async () => {
    const { job } = await scenario.client.labelling.next({ data: 'reviews', run: scenario.run });
    const { state, failure } = await finished(scenario.client, job);
    expect([state, failure?.code]).toEqual(['failed', 'bad-input']);
    expect(failure?.message).toMatch(/fine-tuned to classify/);
  });

  it('says why there is no table of predictions', async () => {
    const { rows, problem } = await scenario.client.runs.predictionTable({ id: scenario.run });
    expect([rows, problem]).toEqual([[], expect.stringMatching(/no answers of classes/)]);
  });

  it('writes audit cards', async () => {
    const card = await scenario.client.runs.card({ id: scenario.run });
    expect(card).toMatchObject({ of: 'run', name: scenario.run });
    expect(card.sections.map(({ title }) => title)).toContain('Leaks');
    await expect(scenario.client.studies.card({ name: 'none' })).rejects.toMatchObject({ code: 'not-found' });
    await expect(scenario.client.studies.report({ name: 'none' })).rejects.toMatchObject({ code: 'not-found' });
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
    const { studies } = await scenario.client.studies.list({});
    expect(studies.map(({ name }) => name)).toEqual(['question']);
    const { runs } = await scenario.client.runs.list({ filter: { study: 'question' } });
    expect(runs).toHaveLength(4);

    // Handed to a scheduler that does nothing: what waited here leaves the queue, and waits there.
    expect(await scenario.client.studies.cluster({ name: 'question' })).toBeNull();
    const schedulers = join(scenario.folder, 'workspace', 'schedulers');
    await mkdir(schedulers);
    await writeFile(join(schedulers, 'idle.yaml'), idleScheduler);
    await writeFile(join(schedulers, 'broken.yaml'), 'title: Broken');
    const listed = await scenario.client.studies.schedulers({});
    expect(listed.find(({ name }) => name === 'idle')).toMatchObject({
      title: 'Idle',
      problem: null,
      options: [{ name: 'queue', help: 'Queue', required: true, default: null }],
    });
    expect(listed.find(({ name }) => name === 'broken')?.problem).toContain('broken.yaml');
    const question = { name: 'question', scheduler: 'idle', options: { queue: 'short' }, runsPerJob: 1 };
    await expect(scenario.client.studies.submit({ ...question, options: {} })).rejects.toThrow('--option queue');
    expect(await scenario.client.studies.submit(question)).toEqual({ jobs: ['7'], open: 4, warnings: [] });
    const ids = runs.map(({ id }) => id);
    const { runs: left } = await scenario.client.runs.list({ filter: { ids } });
    expect(left.map(({ state }) => state)).toEqual(Array(4).fill('stopped'));
    const cluster = await scenario.client.studies.cluster({ name: 'question' });
    expect(cluster).toMatchObject({
      submission: { scheduler: 'Idle', jobs: ['7'] },
      problem: null,
      jobs: { waiting: 1, running: 0, failed: 0, ended: 3 },
    });
    expect(cluster?.cells.map(({ id, state }) => [id, state]).toSorted()).toEqual(
      ids.map((id) => [id, 'waiting']).toSorted(),
    );
    await expect(scenario.client.studies.submit(question)).rejects.toMatchObject({ code: 'conflict' });
    await scenario.client.studies.cancel({ name: 'question' });
    expect(await scenario.client.studies.cluster({ name: 'question' })).toMatchObject({ cancelled: true });
    const { runs: more } = await scenario.client.studies.addSeeds({ name: 'question', count: 1 });
    const added = more.filter(({ seed }) => seed === 3);
    expect(added.map(({ state }) => state)).toEqual(['queued', 'queued']);
    await scenario.client.runs.cancel({ ids: added.map(({ id }) => id) });
    await expect(scenario.client.studies.cancel({ name: '../none' })).rejects.toMatchObject({ code: 'not-found' });
    // The scheduler says that a job of it still waits.
    await expect(scenario.client.studies.delete({ name: 'question' })).rejects.toThrow(
      "1 job of it is with the scheduler. Cancel the study on its page or with 'pretext study cancel question' first",
    );
    await scenario.client.runs.setQueue({ held: false });
  });

  it('deletes and restores studies, with their runs or without, and shows those that are damaged', async () => {
    const { studies, runs: clientRuns } = scenario.client;
    const { name: _name, ...experiment } = tinyExperiment;
    const arms = [{ name: 'fast', settings: { 'training.learningRate': 0.001 } }, { name: 'slow' }];
    await clientRuns.setQueue({ held: true });
    const made = await studies.create({ spec: { name: 'doubt', experiment, arms, seeds: [1] } });
    const ids = made.runs.map(({ id }) => id);
    const namesOf = async () => (await studies.list({})).studies.map(({ name }) => name);
    const left = async () => (await clientRuns.list({ filter: { ids } })).total;
    await expect(studies.delete({ name: 'doubt' })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/of the study doubt waits in the queue\. Stop the study first/),
    });
    await clientRuns.cancel({ ids });

    const alone = await studies.delete({ name: 'doubt' });
    expect([alone.runs, await namesOf(), await left()]).toEqual([0, ['question'], 2]);
    await expect(studies.get({ name: 'doubt' })).rejects.toMatchObject({ code: 'not-found' });
    expect(await studies.restore({ undo: alone.undo })).toEqual({ name: 'doubt' });
    expect(await studies.get({ name: 'doubt' })).toEqual({
      ...made,
      runs: made.runs.map((run) => ({ ...run, state: 'stopped' })),
    });

    const whole = await studies.delete({ name: 'doubt', runs: true });
    expect([whole.runs, await namesOf(), await left()]).toEqual([2, ['question'], 0]);
    await studies.restore({ undo: whole.undo });
    expect([await namesOf(), await left()]).toEqual([['doubt', 'question'], 2]);

    const file = join(scenario.folder, 'workspace', 'studies', 'doubt.spec.json');
    await writeFile(file, '{"name": "doubt", "arms": [');
    expect((await studies.list({})).damaged).toEqual([{ name: 'doubt', message: expect.stringContaining(file) }]);
    await expect(studies.get({ name: 'doubt' })).rejects.toMatchObject({ code: 'corrupt' });
    await writeFile(file, '{"name": "doubt", "arms": []}');
    expect((await studies.list({})).damaged).toEqual([{ name: 'doubt', message: expect.stringContaining(file) }]);
    expect(await studies.delete({ name: 'doubt', runs: true })).toMatchObject({ runs: 2 });
    expect(await studies.list({})).toMatchObject({ studies: [{ name: 'question' }], damaged: [] });
    for (const name of ['doubt', '../runs']) {
      await expect(studies.delete({ name })).rejects.toMatchObject({ code: 'not-found' });
    }
    await clientRuns.setQueue({ held: false });
  });

  it('plans, creates and reads sweeps', async () => {
    const rates = [0.001, 0.01, 0.1];
    const sweep = { method: 'grid', fields: { 'training.learningRate': rates } };
    const spec = { ...tinyExperiment, name: 'rates', sweep };
    const { plan } = await scenario.client.sweeps.plan({ spec });
    expect(plan).toMatchObject({
      trainings: 3,
      effort: 3,
      metric: 'loss',
      trials: rates.map((rate) => ({ 'training.learningRate': rate })),
    });
    const wrong = await scenario.client.sweeps.plan({ spec: { ...spec, sweep: { fields: { 'training.rate': [1] } } } });
    expect(wrong).toMatchObject({ plan: null, problems: [{ path: ['training', 'rate'] }] });
    await scenario.client.runs.setQueue({ held: true });
    const made = await scenario.client.sweeps.create({ spec });
    expect(made).toMatchObject({ done: 0, trainings: 3, halted: 0, result: { best: null, finished: false } });
    expect(made.runs.map(({ trial, state }) => [trial, state])).toEqual([1, 2, 3].map((trial) => [trial, 'queued']));
    expect((await scenario.client.runs.list({ filter: { study: 'rates' } })).total).toBe(3);
    expect(await scenario.client.sweeps.create({ spec })).toEqual(made); // it is there already
    expect(await scenario.client.sweeps.advance({})).toEqual({ queued: 0 }); // a grid has no next rung
    const other = { ...spec, sweep: { ...sweep, fields: { seed: [1, 2] } } };
    await expect(scenario.client.sweeps.create({ spec: other })).rejects.toMatchObject({ code: 'conflict' });
    const ids = made.runs.map(({ id }) => id);
    await scenario.client.runs.pause({ ids: ids.slice(1) });
    expect(await scenario.client.sweeps.get({ name: 'rates' })).toMatchObject({ halted: 2 });
    await scenario.client.runs.delete({ ids: ids.slice(2) });
    const resumed = await scenario.client.sweeps.resume({ name: 'rates' });
    expect(resumed.runs.map(({ state }) => state)).toEqual(['queued', 'queued', 'queued']);
    expect(resumed.runs.slice(0, 2).map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(await scenario.client.sweeps.list({})).toMatchObject({
      sweeps: [{ name: 'rates', done: 0, best: null }],
      damaged: [],
    });
    await expect(scenario.client.sweeps.winner({ name: 'rates' })).rejects.toMatchObject({ code: 'conflict' });
    const { spec: second } = await scenario.client.sweeps.winner({ name: 'rates', trial: 2 });
    expect(second).toMatchObject({ name: 'rates-trial-2', training: { learningRate: 0.01 } });
    expect(second).not.toHaveProperty('sweep');
    await expect(scenario.client.sweeps.get({ name: '../none' })).rejects.toMatchObject({ code: 'not-found' });
    await expect(scenario.client.sweeps.delete({ name: 'rates' })).rejects.toMatchObject({ code: 'conflict' });
    await scenario.client.runs.cancel({ ids: resumed.runs.map(({ id }) => id) });
    const filter = { ids: resumed.runs.map(({ id }) => id) };
    const alone = await scenario.client.sweeps.delete({ name: 'rates' });
    expect([alone.runs, (await scenario.client.runs.list({ filter })).total]).toEqual([0, 3]);
    expect((await scenario.client.sweeps.list({})).sweeps).toEqual([]);
    expect(await scenario.client.sweeps.restore({ undo: alone.undo })).toEqual({ name: 'rates' });
    const file = join(scenario.folder, 'workspace', 'sweeps', 'rates.spec.json');
    const whole = await readFile(file);
    await writeFile(file, '{"name": "rates"}');
    expect((await scenario.client.sweeps.list({})).damaged).toEqual([
      { name: 'rates', message: expect.stringContaining(file) },
    ]);
    await expect(scenario.client.sweeps.get({ name: 'rates' })).rejects.toMatchObject({ code: 'corrupt' });
    await writeFile(file, whole);
    expect(await scenario.client.sweeps.delete({ name: 'rates', runs: true })).toMatchObject({ runs: 3 });
    expect((await scenario.client.runs.list({ filter })).total).toBe(0);
    await expect(scenario.client.sweeps.delete({ name: 'rates' })).rejects.toMatchObject({ code: 'not-found' });
    await scenario.client.runs.setQueue({ held: false });
  });
}
