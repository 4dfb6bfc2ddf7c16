// Models of every family as a window has them: looked at, imported, fine-tuned by a suggestion that plans, asked and projected in demos.
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lab } from '../../src/main/lab/lab.ts';
import { openLab } from '../../src/main/lab/lab.ts';
import { taskNotes } from '../../src/main/runs/task-notes.ts';
import type { LabClient } from '../../src/shared/contract/index.ts';
import { createFamilyWorkspace, dataFor, familyModels, nameOf, sourceOf } from '../family-models.ts';
import type { TinyImageWorkspace } from '../tiny-images.ts';
import { inProcessWorkers } from './lab-fixture.ts';
import { finished } from './methods/scenario.ts';
import type { Connected } from './transports.ts';
import { transports } from './transports.ts';

let tiny: TinyImageWorkspace;
let lab: Lab;
let connection: Connected;
let client: LabClient;
let picture: string;

beforeAll(async () => {
  tiny = await createFamilyWorkspace();
  process.env.PRETEXT_SETTINGS = path.join(tiny.folder, 'settings');
  const { folder } = tiny.workspace;
  lab = await openLab({ folder, host: 'server', processes: inProcessWorkers, tasks: taskNotes });
  connection = await transports['in-process']!(lab);
  client = connection.lab;
  const pixels = await sharp({ create: { width: 50, height: 50, channels: 3, background: '#c07020' } })
    .png()
    .toBuffer();
  picture = `data:image/png;base64,${pixels.toString('base64')}`;
});
afterAll(async () => {
  await connection.disconnect();
  await lab.close();
  await tiny.remove();
});

describe.each(familyModels)('$file', (row) => {
  const { reads, head, settings } = row;
  const name = nameOf(row);

  it('is looked at and imported', async () => {
    const source = { path: sourceOf(row, tiny.folder), ...(settings && { settings }) };
    const preview = await client.models.preview(source);
    const { job } = await client.models.import({ ...source, name });
    expect(await finished(client, job)).toMatchObject({ state: 'done', result: name });
    const { parameters, headDetails } = await client.models.get({ name });
    expect({ parameters, heads: headDetails }).toEqual({ parameters: preview.parameters, heads: preview.heads });
  });

  it('is what a suggested experiment begins with, which can be queued as it is', async () => {
    const task = reads === 'text' ? 'text-classification' : 'image-classification';
    const spec = await client.experiments.suggest({ task, data: dataFor(row), model: name });
    const { plan, problems } = await client.experiments.plan({ spec });
    expect(problems).toEqual([]);
    expect(plan?.weights?.label).toBe(`model ${name}`);
    expect(plan?.weights?.matched).toBeGreaterThan(0);
  });

  it('is among the demos, answers there where a head came along, and is projected', async () => {
    const demos = (await client.demos.list({})).filter((demo) => demo.kind === 'model' && demo.name === name);
    const form = demos.map((demo) => demo.form);
    if (head === undefined) expect(form).toEqual(['vectors']);
    for (const demo of demos) {
      if (demo.form === 'vectors') continue;
      if (demo.form === 'next-word') {
        const { added } = await client.demos.continue({ run: demo.run, text: 'the cat', words: 2, temperature: 0 });
        expect(added).toHaveLength(2);
      }
      const asked = reads === 'image' ? { image: picture } : { text: 'the [MASK] sat', textPair: 'a river' };
      const { answers } = await client.demos.ask({ run: demo.run, ...asked, top: 2 });
      expect(answers[0]!.choices).toHaveLength(2);
    }
    const run = demos[0]!.run;
    const { job } = await client.demos.embeddings({
      ...{ run, data: dataFor(row), count: 10, method: 'principal-components' },
    });
    const { state, result, failure } = await finished(client, job);
    expect([state, failure]).toEqual(['done', null]);
    expect((result as { points: unknown[] }).points).toHaveLength(10);
  });
});
