// What there is to build with, and the place where everything lies.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Scenario } from './scenario.ts';

export function describeWorkspace(scenario: Scenario): void {
  it('tells what there is to build with', async () => {
    const blocks = await scenario.client.registry.blocks({});
    expect(blocks.find(({ type }) => type === 'transformer-encoder')).toMatchObject({
      defaults: { layers: 2, heads: 2 },
      inputs: [{ name: 'sequence' }, { name: 'mask', optional: true }],
    });
    const presets = await scenario.client.registry.presets({});
    expect(presets.map(({ name }) => name)).toContain('bert-tiny');
    const tasks = await scenario.client.registry.tasks({});
    expect(tasks.find(({ type }) => type === 'masked-words')).toMatchObject({
      kind: 'pretext',
      data: ['text-corpus'],
      predicts: true,
      selection: { metric: 'loss', direction: 'minimise' },
    });
    expect(Object.keys(await scenario.client.registry.inputs({}))).toEqual(['tokens', 'image', 'frames']);
  });

  it('describes the workspace and the machine', async () => {
    const info = await scenario.client.workspace.info({});
    expect(info).toMatchObject({
      folder: join(scenario.folder, 'workspace'),
      counts: { runs: 0, corpora: 0 },
      damaged: [],
      notices: [],
    });
    expect((await scenario.client.workspace.disk({})).freeBytes).toBeGreaterThan(0);
    expect(await scenario.client.workspace.recent({})).toEqual([]);
    const engines = await scenario.client.workspace.engines({});
    expect(
      engines.find(({ engine }) => engine === 'onnxruntime')?.devices.find(({ device }) => device === 'cpu')?.available,
    ).toBe(true);
  });
}
