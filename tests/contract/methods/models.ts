// Models of others: looked at, brought in from a folder and from a hub, begun with, deleted and brought back.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { serveHub } from '../../hub-server.ts';
import { finished } from './scenario.ts';
import type { Scenario } from './scenario.ts';

const fixture = path.resolve(import.meta.dirname, '../../fixtures/models/bert');

export function describeModels(scenario: Scenario): void {
  it('looks at a model and imports it', async () => {
    const { models } = scenario.client;
    const preview = await models.preview({ path: fixture });
    expect(preview).toMatchObject({ family: 'BERT', suggestedName: 'bert', hasTokenizer: true, missing: [] });
    const { job } = await models.import({ path: fixture, name: 'tiny-bert' });
    expect(await finished(scenario.client, job)).toMatchObject({ state: 'done', result: 'tiny-bert' });
    const listed = await models.list({});
    expect(listed.models.map(({ name, parameters, runs }) => [name, parameters, runs])).toEqual([
      ['tiny-bert', preview.parameters, 0],
    ]);
    await expect(models.import({ path: fixture, name: 'tiny-bert' })).rejects.toMatchObject({ code: 'conflict' });
    const details = await models.get({ name: 'tiny-bert' });
    expect(details.layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(preview.parameters);
    expect(details).toMatchObject({ card: null, usedBy: { runs: [], studies: [] }, source: { path: fixture } });
    await expect.poll(() => scenario.changed).toContain('models');
  });

  it('takes what a person says of a model, and shows the layers of an ONNX network', async () => {
    const { models } = scenario.client;
    const network = path.resolve(fixture, '../../onnx/convolutional-17.onnx');
    expect((await models.settings({})).properties).toHaveProperty('resizeShorter');
    expect(await models.layers({ path: fixture })).toBeNull();
    const layers = await models.layers({ path: network });
    const plain = await models.preview({ path: network });
    expect(plain.notes.join()).toContain(`'${layers!.suggested}'`);
    const { name: layer } = layers!.parts.find(({ canBeChosen, parameters }) => canBeChosen && parameters > 0)!;
    const settings = { layer, mean: [0.5, 0.5, 0.5] };
    const changed = await models.preview({ path: network, settings });
    expect(changed.parameters).toBeLessThan(plain.parameters);
    expect(changed.preprocessing?.statistics.mean).toEqual([0.5, 0.5, 0.5]);
    const { job } = await models.import({ path: network, name: 'part', settings });
    expect(await finished(scenario.client, job)).toMatchObject({ state: 'done', result: 'part' });
    const { parameters, preprocessing } = await models.get({ name: 'part' });
    expect({ parameters, preprocessing }).toEqual({
      parameters: changed.parameters,
      preprocessing: changed.preprocessing,
    });
    await expect(models.preview({ path: network, settings: { std: [0.2] } })).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('std') as unknown,
    });
    await models.delete({ name: 'part' });
  });

  it('downloads one from a hub', async () => {
    const { models } = scenario.client;
    const names = ['config.json', 'vocab.txt', 'model.safetensors'];
    const files = new Map<string, Buffer>();
    for (const name of names) files.set(name, await readFile(path.join(fixture, name)));
    files.set('README.md', Buffer.from('---\nlicense: mit\n---\n# Tiny'));
    const hub = await serveHub(files);
    const before = process.env.HF_ENDPOINT;
    process.env.HF_ENDPOINT = hub.endpoint;
    try {
      const plan = await models.hub({ model: 'acme/tiny' });
      expect(plan).toMatchObject({ model: 'acme/tiny', licence: 'apache-2.0', suggestedName: 'tiny', unneeded: 0 });
      const { job } = await models.download({ model: 'acme/tiny', name: 'from-hub' });
      expect(await finished(scenario.client, job)).toMatchObject({ state: 'done', result: 'from-hub' });
      const { card, source } = await models.get({ name: 'from-hub' });
      expect(card).toContain('# Tiny');
      expect(source).toMatchObject({ path: `${hub.endpoint}/acme/tiny`, licence: 'mit', revision: plan.commit });
      await expect(models.hub({ model: 'acme/none' })).rejects.toMatchObject({ code: 'not-found' });
    } finally {
      if (before === undefined) delete process.env.HF_ENDPOINT;
      else process.env.HF_ENDPOINT = before;
      await hub.close();
    }
  });

  it('suggests an experiment that begins with it', async () => {
    const wanted = { task: 'text-classification', data: 'reviews', model: 'tiny-bert' };
    const spec = await scenario.client.experiments.suggest(wanted);
    expect(spec).toMatchObject({ data: 'reviews', from: { model: 'tiny-bert' } });
    const { plan, problems } = await scenario.client.experiments.plan({ spec });
    expect(problems).toEqual([]);
    expect(plan?.weights?.label).toBe('model tiny-bert');
  });

  it('shows as a task how a corpus is encoded for its tokenizer, once', async () => {
    const spec = {
      ...{ name: 'goes-on', task: { type: 'masked-words', length: 16 }, data: 'stories' },
      from: { model: 'tiny-bert' },
    };
    const encodings = async () => (await scenario.client.jobs.list({})).filter(({ kind }) => kind === 'encoding');
    expect((await scenario.client.experiments.plan({ spec })).problems).toEqual([]);
    await expect.poll(encodings).toMatchObject([{ title: 'Preparing stories', state: 'done' }]);
    await scenario.client.experiments.plan({ spec });
    expect(await encodings()).toHaveLength(1);
  });

  it('deletes one, brings it back, and shows what came of what', async () => {
    const { models } = scenario.client;
    const { undo } = await models.delete({ name: 'from-hub' });
    await expect(models.get({ name: 'from-hub' })).rejects.toMatchObject({ code: 'not-found' });
    expect(await models.restore({ undo })).toEqual({ name: 'from-hub' });
    const { nodes, edges } = await models.lineage({});
    expect(nodes.map(({ id }) => id)).toEqual(['model from-hub', 'model tiny-bert']);
    expect(edges).toEqual([]);
    await models.delete({ name: 'from-hub' });
  });
}
