// What is written before anything is trained: pipelines and experiments.
import { expect, it } from 'vitest';
import { learningRateTest } from '../../../src/shared/learning-rate-test.ts';
import { tinyExperiment } from '../lab-fixture.ts';
import type { Scenario } from './scenario.ts';
import { finished } from './scenario.ts';

export function describeDrafts(scenario: Scenario): void {
  it('summarises, checks, keeps and forgets pipelines', async () => {
    const input = { kind: 'tokens', length: 16, vocabularySize: 64 } as const;
    const graph = await scenario.client.pipelines.resolve({
      preset: 'bert-tiny',
      options: { layers: 1, hiddenSize: 16, heads: 2, maximumLength: 16 },
    });
    const summary = await scenario.client.pipelines.summarise({ graph, input });
    expect(summary).toMatchObject({ valid: true, outputs: { sequence: [16, 16] }, problems: [] });
    // Token table 64·16, positions 16·16, segments 2·16, normalisation 2·16.
    expect(summary.blocks[0]).toMatchObject({ id: 'embedding', parameters: 64 * 16 + 16 * 16 + 2 * 16 + 2 * 16 });
    const broken = {
      ...graph,
      blocks: graph.blocks.map((block) => (block.id === 'encoder' ? { ...block, options: { heads: 3 } } : block)),
    };
    expect(await scenario.client.pipelines.summarise({ graph: broken, input })).toMatchObject({
      valid: false,
      blocks: [{ problem: null }, { id: 'encoder', problem: expect.stringContaining('3 heads') }],
    });
    expect(
      await scenario.client.pipelines.checkConnection({
        graph,
        input,
        from: 'input.tokens',
        to: { block: 'encoder', port: 'sequence' },
      }),
    ).toMatchObject({ allowed: false, reason: expect.stringContaining('sequence') });
    expect(
      await scenario.client.pipelines.checkConnection({
        graph,
        input,
        from: 'embedding',
        to: { block: 'encoder', port: 'sequence' },
      }),
    ).toEqual({ allowed: true, reason: null });
    expect((await scenario.client.pipelines.parse({ text: JSON.stringify(graph) })).graph).toEqual(graph);
    expect((await scenario.client.pipelines.parse({ text: 'blocks: [' })).problems[0]).toMatchObject({ line: 1 });
    await scenario.client.pipelines.save({ name: 'mine', input, graph });
    await expect(scenario.client.pipelines.save({ name: 'mine', input, graph })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect((await scenario.client.pipelines.list({})).map(({ name }) => name)).toEqual(['mine']);
    expect((await scenario.client.pipelines.delete({ name: 'mine' })).graph).toEqual(graph);
    expect(await scenario.client.pipelines.list({})).toEqual([]);
  });

  it('suggests, validates, plans, previews and keeps experiments', async () => {
    expect(await scenario.client.experiments.schema({})).toHaveProperty('properties.task');
    const suggested = await scenario.client.experiments.suggest({ task: 'masked-words', data: 'stories' });
    const validated = await scenario.client.experiments.validate({ spec: suggested });
    expect(validated.problems).toEqual([]);
    expect(validated.settings.find(({ path }) => path.join('.') === 'training.steps')?.origin).toBe('spec');
    expect(validated.settings.find(({ path }) => path.join('.') === 'training.logEvery')?.origin).toBe('default');
    const labelled = await scenario.client.experiments.suggest({ task: 'text-classification' });
    expect(labelled).toMatchObject({ tokenizer: { corpus: 'stories' } }); // a dataset has none of its own
    const wrong = await scenario.client.experiments.validate({
      text: 'name: x\ntask: masked-wrods\ndata: stories\npipeline: bert-tiny\n',
    });
    expect(wrong).toMatchObject({
      experiment: null,
      problems: [{ path: ['task'], message: expect.stringContaining("'masked-words'") }],
    });
    const { plan } = await scenario.client.experiments.plan({ spec: tinyExperiment });
    expect(plan).toMatchObject({
      totalSteps: 6,
      data: { name: 'stories' },
      input: { kind: 'tokens', length: 16 },
      estimate: { basis: 'machine', seconds: expect.any(Number) }, // nothing was trained here yet
    });
    expect(
      (await scenario.client.experiments.plan({ spec: { ...tinyExperiment, data: 'storys' } })).problems[0]?.message,
    ).toContain("'stories'");
    expect(await scenario.client.experiments.rehearse({ spec: tinyExperiment })).toEqual({
      seconds: expect.any(Number) as number,
      withBaselines: true,
    });
    const { job } = await scenario.client.experiments.testLearningRates({ spec: tinyExperiment, steps: 10 });
    const { state, result } = await finished(scenario.client, job);
    expect([state, learningRateTest.parse(result).points[0]?.learningRate]).toEqual(['done', 1e-6]);
    await expect(
      scenario.client.experiments.testLearningRates({ spec: { ...tinyExperiment, pipeline: 'none' } }),
    ).rejects.toMatchObject({ code: 'bad-spec' });
    const { items } = await scenario.client.experiments.preview({ spec: tinyExperiment, count: 2 });
    expect(items).toHaveLength(2);
    expect(items[0]).toMatchObject({ kind: 'text', text: expect.stringContaining('[MASK1]') });
    expect((await scenario.client.experiments.format({ spec: { name: 'x' }, format: 'yaml' })).text).toBe('name: x\n');
    await scenario.client.experiments.save({ name: 'draft', spec: { name: 'unfinished' } });
    expect(await scenario.client.experiments.list({})).toMatchObject([{ name: 'draft', spec: { name: 'unfinished' } }]);
    expect((await scenario.client.experiments.delete({ name: 'draft' })).spec).toEqual({ name: 'unfinished' });
  });
}
