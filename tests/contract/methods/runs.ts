// One run that is trained and tells all about itself, and runs that are put in order.
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openedBundle, verifiedBundle } from '../../../src/shared/contract/bundles.ts';
import { predicted } from '../../../src/shared/contract/predictions.ts';
import { tinyExperiment } from '../lab-fixture.ts';
import { ended, finished } from './scenario.ts';
import type { Scenario } from './scenario.ts';

export function describeRuns(scenario: Scenario): void {
  it('trains a run and tells all about it', async () => {
    const { ids } = await scenario.client.runs.create({ spec: tinyExperiment, seeds: [3], tags: ['first'] });
    scenario.run = ids[0] ?? '';
    expect(await ended(scenario.client, scenario.run)).toMatchObject({
      state: 'finished',
      failure: null,
      step: 6,
      seed: 3,
      tags: ['first'],
      resumable: null,
    });
    await expect.poll(() => scenario.watched).toContain('finished');
    const asked = await scenario.client.runs.list({ fields: ['spec.task.type', 'metrics.none'], limit: 1 });
    expect(asked.values).toEqual([['masked-words', null]]);
    const { runs, total } = await scenario.client.runs.list({ filter: { states: ['finished'], text: 'tiny' } });
    expect([total, runs[0]?.id]).toEqual([1, scenario.run]);
    const details = await scenario.client.runs.get({ id: scenario.run });
    expect(details.result?.steps).toBe(6);
    expect(details.spec).toMatchObject({ name: 'tiny', seed: 3 });
    const [loss] = await scenario.client.runs.series({ ids: [scenario.run], metrics: ['training.loss'] });
    expect(loss).toMatchObject({ steps: [1, 2, 3, 4, 5, 6], total: 6, restarts: [] });
    expect((await scenario.client.runs.metrics({ ids: [scenario.run] })).map(({ metric }) => metric)).toContain(
      'validation.loss',
    );
    const log = await scenario.client.runs.log({ id: scenario.run });
    expect(log.lines.map(({ event }) => event.type)).toEqual(
      expect.arrayContaining(['created', 'started', 'evaluation', 'checkpoint', 'finished']),
    );
    expect((await scenario.client.runs.checkpoints({ id: scenario.run })).at(-1)).toMatchObject({
      step: 6,
      last: true,
    });
    const resources = await scenario.client.runs.resources({ id: scenario.run });
    expect(resources.cores).toBeGreaterThan(0);
    expect(resources.samples.at(-1)!.memory).toBeGreaterThan(1e6);
    const { steps, parts } = await scenario.client.runs.gradientFlow({ id: scenario.run });
    expect(steps).toEqual([3, 6]);
    expect(parts.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['backbone/embedding', 'backbone/encoder/layer.0', 'head']),
    );
    expect(parts.every(({ norms }) => norms.every((norm) => norm !== null && norm >= 0))).toBe(true);
    await describeHistograms(scenario.client, scenario.run);
    const samples = await scenario.client.runs.samples({ id: scenario.run });
    expect(samples.steps).toEqual([3, 6]);
    expect(samples.examples[0]?.truth).toHaveLength(samples.examples[0]?.answers[0]?.length ?? -1);
    expect(await scenario.client.runs.confusion({ id: scenario.run })).toBeNull();
    expect(await scenario.client.runs.confusionExamples({ id: scenario.run, actual: 'a', predicted: 'b' })).toEqual({
      total: 0,
      examples: [],
    });
    await expect(scenario.client.runs.tagErrors({ id: scenario.run })).rejects.toMatchObject({ code: 'bad-input' });
    await expect(scenario.client.runs.scores({ id: scenario.run })).rejects.toMatchObject({ code: 'not-found' });
    const artifacts = await scenario.client.runs.artifacts({ id: scenario.run });
    expect(artifacts).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'origin.json', kind: 'data', tooLarge: false })]),
    );
    const { url } = await scenario.client.runs.artifact({ id: scenario.run, name: 'origin.json' });
    const [head = '', body = ''] = url.split(',');
    expect(head).toBe('data:application/json;base64');
    expect(JSON.parse(Buffer.from(body, 'base64').toString())).toMatchObject({ id: scenario.run });
    for (const name of ['none.png', '../spec.json', 'tokenizer.json/../origin.json']) {
      await expect(scenario.client.runs.artifact({ id: scenario.run, name })).rejects.toMatchObject({
        code: 'not-found',
      });
    }
    const folder2 = join(scenario.folder, 'exported');
    const formats = await scenario.client.exports.formats({ of: { kind: 'run', run: scenario.run } });
    expect(formats).toContainEqual(expect.objectContaining({ name: 'onnx', options: ['quantize'], refusal: null }));
    const { job } = await scenario.client.exports.start({ of: { kind: 'run', run: scenario.run }, folder: folder2 });
    const done = await finished(scenario.client, job);
    expect(done).toMatchObject({ kind: 'export', state: 'done', result: { format: 'onnx' } });
    const again = await scenario.client.exports.start({ of: { kind: 'run', run: scenario.run }, folder: folder2 });
    expect(await finished(scenario.client, again.job)).toMatchObject({
      state: 'failed',
      failure: { code: 'conflict' },
    });
    expect((await stat(join(folder2, 'model.onnx'))).size).toBeGreaterThan(1000);
  });

  it('answers whole files, and opens bundles', async () => {
    const { client, run, folder } = scenario;
    const table = join(folder, 'questions.csv');
    await writeFile(table, 'id,text\n1,the [MASK] sees\n2,nothing hidden\n');
    const asked = { run, input: table, output: 'predictions/answers.csv', top: 1 };
    const answering = await client.predictions.start(asked);
    const answered = await finished(client, answering.job);
    expect(answered).toMatchObject({ kind: 'prediction', state: 'done', skipped: 1 });
    expect(answered.result).toMatchObject({ answered: 1, failed: 1, failures: [{ file: table, line: 3 }] });
    const { rows } = predicted.parse(answered.result);
    expect(rows.map((row) => row.slice(0, 4))).toEqual([
      ['2', '1', 'the [MASK] sees', '[MASK1]'],
      ['3', '2', 'nothing hidden', ''],
    ]);
    const { name, url } = await client.predictions.file({ job: answering.job });
    expect(name).toBe('answers.csv');
    expect(Buffer.from(url.split(',')[1] ?? '', 'base64').toString()).toMatch(/^line,id,text,question,prediction,/);
    const taken = await client.predictions.start(asked);
    expect(await finished(client, taken.job)).toMatchObject({ state: 'failed', failure: { code: 'conflict' } });
    await expect(client.predictions.file({ job: taken.job })).rejects.toMatchObject({ code: 'not-found' });

    const file = join(folder, 'run.zip');
    const of = { kind: 'run', name: run } as const;
    const writing = await client.bundles.create({ of, file });
    const written = await finished(client, writing.job);
    expect(written).toMatchObject({ kind: 'bundle', state: 'done', result: { file, missing: [] } });
    const blocked = await client.bundles.create({ of, file });
    expect(await finished(client, blocked.job)).toMatchObject({ state: 'failed', failure: { code: 'conflict' } });
    const verifying = await client.bundles.verify({ file });
    const verified = verifiedBundle.parse((await finished(client, verifying.job)).result);
    expect(verified.files).toBeGreaterThan(5);
    expect(verified.rows.length).toBeGreaterThan(0);
    expect(verified.rows.filter(({ agreement }) => agreement !== 'same bits')).toEqual([]);
    expect((await client.bundles.look({ file })).bundle).toMatchObject({
      subject: { kind: 'run', name: run },
      runs: [run],
    });
    const { job } = await client.bundles.open({ file });
    const done = await finished(client, job);
    expect(done).toMatchObject({ kind: 'bundle', state: 'done', result: { added: [] } });
    expect(openedBundle.parse(done.result).known).toContain(`runs/${run}`);
    await expect(client.bundles.look({ file: table })).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('orders, tags, pins, archives, annotates, clones, retries, deletes and restores', async () => {
    expect(await scenario.client.runs.setQueue({ held: true })).toMatchObject({ held: true, active: [] });
    const { spec } = await scenario.client.runs.clone({ id: scenario.run });
    expect(spec).toMatchObject({ name: 'tiny', seed: 3 });
    const { ids } = await scenario.client.runs.retry({ ids: [scenario.run, scenario.run] });
    const [first = '', second = ''] = ids;
    expect((await scenario.client.runs.queue({})).order).toEqual([first, second]);
    expect((await scenario.client.runs.reorder({ ids: [second] })).order).toEqual([second, first]);
    expect(await scenario.client.runs.pause({ ids: [second] })).toMatchObject([
      { state: 'stopped', paused: true, resumable: { step: 0 } },
    ]);
    expect(await scenario.client.runs.resume({ ids: [second] })).toMatchObject([{ state: 'queued', queuePosition: 2 }]);
    expect(await scenario.client.runs.cancel({ ids: [first, second] })).toMatchObject([
      { state: 'stopped', paused: false },
      { state: 'stopped' },
    ]);
    expect(await scenario.client.runs.tag({ ids: [first], add: ['kept'], remove: ['first'] })).toMatchObject([
      { tags: ['kept'] },
    ]);
    expect(await scenario.client.runs.tags({})).toEqual([
      { tag: 'first', runs: 2 },
      { tag: 'kept', runs: 1 },
    ]);
    expect(await scenario.client.runs.pin({ ids: [first], pinned: true })).toMatchObject([{ pinned: true }]);
    expect(await scenario.client.runs.archive({ ids: [first], archived: true })).toMatchObject([{ archived: true }]);
    expect((await scenario.client.runs.list({ filter: { archived: true } })).total).toBe(1);
    expect(await scenario.client.runs.annotate({ id: first, notes: 'why' })).toMatchObject({ notes: 'why' });
    const { undo } = await scenario.client.runs.delete({ ids: [first] });
    await expect(scenario.client.runs.get({ id: first })).rejects.toMatchObject({ code: 'not-found' });
    expect(await scenario.client.runs.restore({ undo })).toMatchObject([
      { id: first, notes: 'why', tags: ['kept'], archived: true },
    ]);
    await scenario.client.runs.setQueue({ held: false, concurrency: 1 });
    const fields = await scenario.client.runs.fields({});
    expect(fields.find(({ field }) => field === 'spec.training.steps')?.values).toEqual([6]);
    const groups = await scenario.client.runs.groups({ by: ['spec.seed', 'state'] });
    expect(groups.map(({ key, ids: members }) => [...key, members.length])).toEqual(
      expect.arrayContaining([
        [3, 'finished', 1],
        [3, 'stopped', 1],
      ]),
    );
  });
}

/** In portions, and only those of a parameter that is there. */
async function describeHistograms({ runs }: Scenario['client'], id: string): Promise<void> {
  const first = await runs.histograms({ id });
  expect(first.parameter).toBe(first.parameters[0]);
  expect(first).toMatchObject({ total: 3, damaged: 0 });
  expect(first.records.map(({ step, gradients }) => [step, gradients !== undefined])).toEqual([
    [0, false],
    [3, true],
    [6, true],
  ]);
  const parameter = first.parameters.at(-1);
  const portion = await runs.histograms({ id, parameter, offset: 1, limit: 1 });
  expect(portion).toMatchObject({ parameter, total: 3, records: [{ step: 3 }] });
  const second = await runs.histograms({ id, parameter, every: 2 });
  expect(second.records.map(({ step }) => step)).toEqual([0, 6]);
  await expect(runs.histograms({ id, parameter: 'none' })).rejects.toMatchObject({ code: 'not-found' });
}
