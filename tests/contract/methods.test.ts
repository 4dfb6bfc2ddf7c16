// Every method of the contract, over every transport, on a real lab with real data and a real run. The scenario is one: what a
// person does from the first import to the comparison; a method that the scenario forgets fails the last test.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { LabClient } from '../../src/shared/contract/index.ts';
import { contract, methodNames } from '../../src/shared/contract/index.ts';
import type { Job } from '../../src/shared/contract/jobs.ts';
import type { Run } from '../../src/shared/contract/runs.ts';
import type { Lab } from '../../src/main/lab/lab.ts';
import { openLab } from '../../src/main/lab/lab.ts';
import { inProcessWorkers, tinyExperiment, writeSources } from './lab-fixture.ts';
import type { Connected } from './transports.ts';
import { transports } from './transports.ts';

vi.setConfig({ testTimeout: 120_000 }); // a trainer takes seconds to start, on a busy machine many

const called = new Set<string>();

/** Notes which methods were called. */
function noting(lab: LabClient): LabClient {
  const features = Object.entries(lab).map(([feature, methods]) => [
    feature,
    Object.fromEntries(
      Object.entries(methods as Record<string, (...values: unknown[]) => unknown>).map(([name, method]) => [
        name,
        (...values: unknown[]) => {
          called.add(`${feature}.${name}`);
          return method(...values);
        },
      ]),
    ),
  ]);
  return Object.fromEntries(features) as LabClient;
}

async function finished(lab: LabClient, id: string): Promise<Job> {
  for (;;) {
    const job = await lab.jobs.get({ id });
    if (job.finishedAt !== null) return job;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Follows a run until it has ended, by its subscription alone. */
function ended(lab: LabClient, id: string): Promise<Run> {
  return new Promise((resolve, reject) => {
    const check = (run: Run): void => {
      if (['finished', 'failed', 'stopped', 'interrupted'].includes(run.state)) {
        stop();
        resolve(run);
      }
    };
    const stop = lab.runs.follow(
      { id },
      {
        onReady: () =>
          void lab.runs.get({ id }).then(({ run }) => {
            check(run);
          }, reject),
        onEvent: ({ run }) => {
          check(run);
        },
        onError: reject,
      },
    );
  });
}

describe.each(Object.entries(transports))('over %s', (_name, connect) => {
  let folder: string;
  let lab: Lab;
  let connection: Connected;
  let client: LabClient;
  let run: string;
  const changed: string[] = [];
  const watched: string[] = [];
  const jobs: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pretext-contract-'));
    process.env.PRETEXT_SETTINGS = join(folder, 'settings');
    lab = await openLab({ folder: join(folder, 'workspace'), host: 'server', processes: inProcessWorkers });
    connection = await connect(lab);
    client = noting(connection.lab);
    client.workspace.watch({}, { onEvent: (event) => changed.push(...event.changed) });
    client.runs.watch({}, { onEvent: (event) => watched.push(...event.changed.map(({ state }) => state)) });
    client.jobs.watch({}, { onEvent: (event) => jobs.push(...event.jobs.map(({ state }) => state)) });
  });

  afterAll(async () => {
    await connection.disconnect();
    await lab.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('tells what there is to build with', async () => {
    const blocks = await client.registry.blocks({});
    expect(blocks.find(({ type }) => type === 'transformer-encoder')).toMatchObject({
      defaults: { layers: 2, heads: 2 },
      inputs: [{ name: 'sequence' }, { name: 'mask', optional: true }],
    });
    const presets = await client.registry.presets({});
    expect(presets.map(({ name }) => name)).toContain('bert-tiny');
    const tasks = await client.registry.tasks({});
    expect(tasks.find(({ type }) => type === 'masked-words')).toMatchObject({
      kind: 'pretext',
      data: ['text-corpus'],
      predicts: true,
      selection: { metric: 'loss', direction: 'minimise' },
    });
    expect(Object.keys(await client.registry.inputs({}))).toEqual(['tokens', 'image', 'frames']);
  });

  it('describes the workspace and the machine', async () => {
    const info = await client.workspace.info({});
    expect(info).toMatchObject({
      folder: join(folder, 'workspace'),
      counts: { runs: 0, corpora: 0 },
      damaged: [],
      notices: [],
    });
    expect((await client.workspace.disk({})).freeBytes).toBeGreaterThan(0);
    expect(await client.workspace.recent({})).toEqual([]);
    const engines = await client.workspace.engines({});
    expect(
      engines.find(({ engine }) => engine === 'onnxruntime')?.devices.find(({ device }) => device === 'cpu')?.available,
    ).toBe(true);
  });

  it('inspects and imports text and a table', async () => {
    const { text, table } = await writeSources(folder);
    const found = await client.materials.inspect({ paths: [table], rows: 3 });
    expect(found.table?.columns.map(({ name, role }) => [name, role])).toEqual([
      ['text', 'text'],
      ['label', 'label'],
    ]);
    expect(found.table?.rows).toHaveLength(3);
    expect(found.suggestion).toEqual({
      kind: 'text-dataset',
      name: 'reviews',
      sources: [table],
      textColumn: 'text',
      labelColumn: 'label',
    });
    expect((await client.materials.inspect({ paths: [text] })).suggestion?.kind).toBe('text-corpus');
    expect(Object.keys(await client.materials.importOptions({}))).toContain('text-corpus');

    const corpus = await client.materials.import({
      kind: 'text-corpus',
      name: 'stories',
      sources: [text],
      documents: 'blank-line',
      tokenizer: { vocabularySize: 64, minimumFrequency: 1 },
    });
    expect(await finished(client, corpus.job)).toMatchObject({
      state: 'done',
      made: [{ group: 'corpus', name: 'stories' }],
    });
    const dataset = await client.materials.import({ kind: 'text-dataset', name: 'reviews', sources: [table] });
    expect((await finished(client, dataset.job)).state).toBe('done');
    expect((await client.jobs.list({})).map(({ title }) => title)).toEqual(['Import of stories', 'Import of reviews']);
    await client.jobs.dismiss({ id: dataset.job });
    expect(await client.jobs.list({})).toHaveLength(1);
    expect((await client.jobs.cancel({ id: corpus.job })).state).toBe('done'); // too late is no error
    await expect(
      client.materials.import({ kind: 'text-corpus', name: 'stories', sources: [text] }),
    ).rejects.toMatchObject({ code: 'conflict' });
    await expect.poll(() => jobs).toContain('done');
    await expect.poll(() => changed).toContain('materials');
  });

  it('browses them', async () => {
    const { materials } = await client.materials.list({});
    expect(materials.map(({ name, kind }) => [name, kind])).toEqual([
      ['stories', 'text-corpus'],
      ['reviews', 'text-dataset'],
    ]);
    const reviews = { group: 'dataset', name: 'reviews' } as const;
    const details = await client.materials.get(reviews);
    expect(details.classes).toEqual([
      { name: 'bad', count: 40 },
      { name: 'good', count: 40 },
    ]);
    expect(details.report).toMatchObject({
      content: 'text',
      report: { skipped: { total: 1, byReason: { 'missing-label': 1 } } },
    });
    const page = await client.materials.search({ ...reviews, limit: 2 });
    expect(page).toMatchObject({ total: 80, nextOffset: 2 });
    const hits = await client.materials.search({ ...reviews, text: 'PARK', label: 'good', limit: 100 });
    expect(hits.items).toHaveLength(8);
    expect(hits.items.every(({ label, text }) => label === 'good' && text?.includes('park'))).toBe(true);
    expect((await client.materials.images({ ...reviews, indices: [3] }))[0]).toMatchObject({ index: 3, label: 'bad' });
    const { sides, classes } = await client.materials.splits(reviews);
    expect(sides).toEqual({ training: 56, validation: 8, test: 16 });
    expect(classes).toEqual([
      { name: 'bad', total: 40, training: 28, validation: 4, test: 8 },
      { name: 'good', total: 40, training: 28, validation: 4, test: 8 },
    ]);
    const lengths = await client.materials.lengths({ group: 'corpus', name: 'stories' });
    expect(lengths.bins.reduce((sum, { count }) => sum + count, 0)).toBe(lengths.measured);
    expect(await client.materials.duplicates(reviews)).toEqual({ total: 0, groups: [] });
    const { tokens } = await client.materials.tokenize({ tokenizer: { corpus: 'stories' }, text: 'the zebra' });
    expect(tokens[0]).toMatchObject({ text: 'the', unknown: false, continues: false });
  });

  it('summarises, checks, keeps and forgets pipelines', async () => {
    const input = { kind: 'tokens', length: 16, vocabularySize: 64 } as const;
    const graph = await client.pipelines.resolve({
      preset: 'bert-tiny',
      options: { layers: 1, features: 16, heads: 2, maximumLength: 16 },
    });
    const summary = await client.pipelines.summarise({ graph, input });
    expect(summary).toMatchObject({ valid: true, outputs: { sequence: [16, 16] }, problems: [] });
    // Token table 64·16, positions 16·16, segments 2·16, normalisation 2·16.
    expect(summary.blocks[0]).toMatchObject({ id: 'embedding', parameters: 64 * 16 + 16 * 16 + 2 * 16 + 2 * 16 });
    const broken = {
      ...graph,
      blocks: graph.blocks.map((block) => (block.id === 'encoder' ? { ...block, options: { heads: 3 } } : block)),
    };
    expect(await client.pipelines.summarise({ graph: broken, input })).toMatchObject({
      valid: false,
      blocks: [{ problem: null }, { id: 'encoder', problem: expect.stringContaining('3 heads') }],
    });
    expect(
      await client.pipelines.checkConnection({
        graph,
        input,
        from: 'input.tokens',
        to: { block: 'encoder', port: 'sequence' },
      }),
    ).toMatchObject({ allowed: false, reason: expect.stringContaining('sequence') });
    expect(
      await client.pipelines.checkConnection({
        graph,
        input,
        from: 'embedding',
        to: { block: 'encoder', port: 'sequence' },
      }),
    ).toEqual({ allowed: true, reason: null });
    expect((await client.pipelines.parse({ text: JSON.stringify(graph) })).graph).toEqual(graph);
    expect((await client.pipelines.parse({ text: 'blocks: [' })).problems[0]).toMatchObject({ line: 1 });
    await client.pipelines.save({ name: 'mine', input, graph });
    await expect(client.pipelines.save({ name: 'mine', input, graph })).rejects.toMatchObject({ code: 'conflict' });
    expect((await client.pipelines.list({})).map(({ name }) => name)).toEqual(['mine']);
    expect((await client.pipelines.delete({ name: 'mine' })).graph).toEqual(graph);
    expect(await client.pipelines.list({})).toEqual([]);
  });

  it('suggests, validates, plans, previews and keeps experiments', async () => {
    expect(await client.experiments.schema({})).toHaveProperty('properties.task');
    const suggested = await client.experiments.suggest({ task: 'masked-words', data: 'stories' });
    expect((await client.experiments.validate({ spec: suggested })).problems).toEqual([]);
    const labelled = await client.experiments.suggest({ task: 'text-classification' });
    expect(labelled).toMatchObject({ tokenizer: { corpus: 'stories' } }); // a dataset has none of its own
    const wrong = await client.experiments.validate({
      text: 'name: x\ntask: masked-wrods\ndata: stories\npipeline: bert-tiny\n',
    });
    expect(wrong).toMatchObject({
      experiment: null,
      problems: [{ path: ['task'], message: expect.stringContaining("'masked-words'") }],
    });
    const { plan } = await client.experiments.plan({ spec: tinyExperiment });
    expect(plan).toMatchObject({
      totalSteps: 6,
      data: { name: 'stories' },
      input: { kind: 'tokens', length: 16 },
      estimate: { basis: 'none', seconds: null },
    });
    expect(
      (await client.experiments.plan({ spec: { ...tinyExperiment, data: 'storys' } })).problems[0]?.message,
    ).toContain("'stories'");
    const { items } = await client.experiments.preview({ spec: tinyExperiment, count: 2 });
    expect(items).toHaveLength(2);
    expect(items[0]).toMatchObject({ kind: 'text', text: expect.stringContaining('[MASK1]') });
    expect((await client.experiments.format({ spec: { name: 'x' }, format: 'yaml' })).text).toBe('name: x\n');
    await client.experiments.save({ name: 'draft', spec: { name: 'unfinished' } });
    expect(await client.experiments.list({})).toMatchObject([{ name: 'draft', spec: { name: 'unfinished' } }]);
    expect((await client.experiments.delete({ name: 'draft' })).spec).toEqual({ name: 'unfinished' });
  });

  it('trains a run and tells all about it', async () => {
    const { ids } = await client.runs.create({ spec: tinyExperiment, seeds: [3], tags: ['first'] });
    run = ids[0] ?? '';
    expect(await ended(client, run)).toMatchObject({
      state: 'finished',
      failure: null,
      step: 6,
      seed: 3,
      tags: ['first'],
      resumable: null,
    });
    await expect.poll(() => watched).toContain('finished');
    const { runs, total } = await client.runs.list({ filter: { states: ['finished'], text: 'tiny' } });
    expect([total, runs[0]?.id]).toEqual([1, run]);
    const details = await client.runs.get({ id: run });
    expect(details.result?.steps).toBe(6);
    expect(details.spec).toMatchObject({ name: 'tiny', seed: 3 });
    const [loss] = await client.runs.series({ ids: [run], metrics: ['training.loss'] });
    expect(loss).toMatchObject({ steps: [1, 2, 3, 4, 5, 6], total: 6, restarts: [] });
    expect((await client.runs.metrics({ ids: [run] })).map(({ metric }) => metric)).toContain('validation.loss');
    const log = await client.runs.log({ id: run });
    expect(log.lines.map(({ event }) => event.type)).toEqual(
      expect.arrayContaining(['created', 'started', 'evaluation', 'checkpoint', 'finished']),
    );
    expect((await client.runs.checkpoints({ id: run })).at(-1)).toMatchObject({ step: 6, last: true });
    const { steps, parts } = await client.runs.gradientFlow({ id: run });
    expect(steps).toEqual([3, 6]);
    expect(parts.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['backbone/embedding', 'backbone/encoder/layer.0', 'head']),
    );
    expect(parts.every(({ norms }) => norms.every((norm) => norm !== null && norm >= 0))).toBe(true);
    const samples = await client.runs.samples({ id: run });
    expect(samples.steps).toEqual([3, 6]);
    expect(samples.examples[0]?.truth).toHaveLength(samples.examples[0]?.answers[0]?.length ?? -1);
    expect(await client.runs.confusion({ id: run })).toBeNull();
    expect(await client.runs.confusionExamples({ id: run, actual: 'a', predicted: 'b' })).toEqual({
      total: 0,
      examples: [],
    });
    const artifacts = await client.runs.artifacts({ id: run });
    expect(artifacts).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'origin.json', kind: 'data', tooLarge: false })]),
    );
    const { url } = await client.runs.artifact({ id: run, name: 'origin.json' });
    const [head = '', body = ''] = url.split(',');
    expect(head).toBe('data:application/json;base64');
    expect(JSON.parse(Buffer.from(body, 'base64').toString())).toMatchObject({ id: run });
    for (const name of ['none.png', '../spec.json', 'tokenizer.json/../origin.json']) {
      await expect(client.runs.artifact({ id: run, name })).rejects.toMatchObject({ code: 'not-found' });
    }
    const folder2 = join(folder, 'exported');
    expect((await client.runs.export({ id: run, folder: folder2 })).files).toContain('model.onnx');
    expect((await stat(join(folder2, 'model.onnx'))).size).toBeGreaterThan(1000);
  });

  it('orders, tags, pins, archives, annotates, clones, retries, deletes and restores', async () => {
    expect(await client.runs.setQueue({ held: true })).toMatchObject({ held: true, active: [] });
    const { spec } = await client.runs.clone({ id: run });
    expect(spec).toMatchObject({ name: 'tiny', seed: 3 });
    const { ids } = await client.runs.retry({ ids: [run, run] });
    const [first = '', second = ''] = ids;
    expect((await client.runs.queue({})).order).toEqual([first, second]);
    expect((await client.runs.reorder({ ids: [second] })).order).toEqual([second, first]);
    expect(await client.runs.pause({ ids: [second] })).toMatchObject([
      { state: 'stopped', paused: true, resumable: { step: 0 } },
    ]);
    expect(await client.runs.resume({ ids: [second] })).toMatchObject([{ state: 'queued', queuePosition: 2 }]);
    expect(await client.runs.cancel({ ids: [first, second] })).toMatchObject([
      { state: 'stopped', paused: false },
      { state: 'stopped' },
    ]);
    expect(await client.runs.tag({ ids: [first], add: ['kept'], remove: ['first'] })).toMatchObject([
      { tags: ['kept'] },
    ]);
    expect(await client.runs.tags({})).toEqual([
      { tag: 'first', runs: 2 },
      { tag: 'kept', runs: 1 },
    ]);
    expect(await client.runs.pin({ ids: [first], pinned: true })).toMatchObject([{ pinned: true }]);
    expect(await client.runs.archive({ ids: [first], archived: true })).toMatchObject([{ archived: true }]);
    expect((await client.runs.list({ filter: { archived: true } })).total).toBe(1);
    expect(await client.runs.annotate({ id: first, notes: 'why' })).toMatchObject({ notes: 'why' });
    const { undo } = await client.runs.delete({ ids: [first] });
    await expect(client.runs.get({ id: first })).rejects.toMatchObject({ code: 'not-found' });
    expect(await client.runs.restore({ undo })).toMatchObject([
      { id: first, notes: 'why', tags: ['kept'], archived: true },
    ]);
    await client.runs.setQueue({ held: false, concurrency: 1 });
    const fields = await client.runs.fields({});
    expect(fields.find(({ field }) => field === 'spec.training.steps')?.values).toEqual([6]);
    const groups = await client.runs.groups({ by: ['spec.seed', 'state'] });
    expect(groups.map(({ key, ids: members }) => [...key, members.length])).toEqual(
      expect.arrayContaining([
        [3, 'finished', 1],
        [3, 'stopped', 1],
      ]),
    );
  });

  it('compares', async () => {
    const { runs } = await client.runs.list({});
    const ids = runs.map(({ id }) => id);
    const table = await client.compare.table({ ids });
    expect(table.results.find(({ metric }) => metric === 'validation.loss')).toMatchObject({ direction: 'minimise' });
    const { series, bands } = await client.compare.series({
      ids,
      metrics: ['training.loss'],
      groupBy: ['spec.task.type'],
    });
    expect(series.map((line) => line.run)).toEqual([run]);
    expect(bands).toMatchObject([{ key: ['masked-words'], x: [1, 2, 3, 4, 5, 6], mean: series[0]?.values }]);
    expect(await client.compare.paired({ first: [run], second: [run], metric: 'validation.loss' })).toMatchObject({
      pairs: [{ seed: 3 }],
      paired: { count: 1, difference: 0 },
    });
    const { html } = await client.compare.report({ ids: [run], title: 'A <b>' });
    expect(html).toContain('A &lt;b&gt;');
    expect(html).not.toMatch(/<script|https?:/);
    expect(html).toContain('role="img" aria-label="training.loss"');
    expect(
      (await client.compare.csv({ ids: [run], content: 'series', metrics: ['training.loss'] })).text.split('\r\n'),
    ).toHaveLength(8);
  });

  it('answers in demos', async () => {
    expect(await client.demos.list({})).toMatchObject([
      { run, form: 'masked-words', input: { kind: 'tokens', shape: [16] } },
    ]);
    const { answers } = await client.demos.ask({ run, text: 'the man went to the [MASK] .', top: 3 });
    expect(answers[0]?.choices).toHaveLength(3);
    await expect(client.demos.ask({ run, text: 'no mask' })).rejects.toMatchObject({ code: 'bad-input' });
    const { questions } = await client.demos.quiz({ run, count: 2 });
    expect(questions.every(({ choices, truth }) => choices.includes(truth))).toBe(true);
    const continued = await client.demos.continue({ run, text: 'the [MASK]', words: 1, temperature: 0 });
    expect(continued.added).toHaveLength(1);
    const { job } = await client.demos.embeddings({ run, count: 10, method: 'principal-components' });
    const { state, result } = await finished(client, job);
    expect([state, (result as { points: unknown[] }).points.length]).toEqual(['done', 8]);
  });

  it('plans, creates and reads studies', async () => {
    const { name: _name, ...experiment } = tinyExperiment;
    const spec = {
      name: 'question',
      experiment,
      arms: [{ name: 'fast', settings: { 'training.learningRate': 0.001 } }, { name: 'slow' }],
      seeds: [1, 2],
    };
    expect((await client.studies.plan({ spec })).cells).toHaveLength(4);
    expect((await client.studies.plan({ spec: { ...spec, arms: [] } })).problems.length).toBeGreaterThan(0);
    await client.runs.setQueue({ held: true });
    expect((await client.studies.create({ spec })).runs.map(({ state }) => state)).toEqual(Array(4).fill('queued'));
    expect(await client.studies.get({ name: 'question' })).toMatchObject({ finished: 0, result: null });
    expect((await client.studies.list({})).map(({ name }) => name)).toEqual(['question']);
    const { runs } = await client.runs.list({ filter: { study: 'question' } });
    expect(runs).toHaveLength(4);
    await client.runs.cancel({ ids: runs.map(({ id }) => id) });
    await client.runs.setQueue({ held: false });
  });

  it('lists samples, begins uploads, deletes material and brings it back', async () => {
    const samples = await client.samples.list({});
    expect(samples.map(({ name }) => name)).toContain('mail');
    await expect(client.samples.create({ name: 'none' })).rejects.toMatchObject({ code: 'not-found' });
    const upload = await client.uploads.begin({});
    expect((await stat(upload.folder)).isDirectory()).toBe(true);
    await client.uploads.finish({ upload: upload.upload });
    const reviews = { group: 'dataset', name: 'reviews' } as const;
    const { undo } = await client.materials.delete(reviews);
    await expect(client.materials.get(reviews)).rejects.toMatchObject({ code: 'not-found' });
    expect(await client.materials.restore({ undo })).toEqual(reviews);
    expect((await client.materials.get(reviews)).counts.examples).toBe(80);
    await expect(client.materials.restore({ undo })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('left no method out', () => {
    expect(methodNames().filter((name) => !called.has(name))).toEqual([]);
    expect(methodNames()).toHaveLength(
      Object.values(contract).reduce((sum, methods) => sum + Object.keys(methods).length, 0),
    );
    called.clear();
  });
});
