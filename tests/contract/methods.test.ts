// Every method of the contract, over every transport, on a real lab with real data and a real run. The scenario is one: what a
// person does from the first import to the comparison; a method that the scenario forgets fails the last test.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lab } from '../../src/main/lab/lab.ts';
import { openLab } from '../../src/main/lab/lab.ts';
import { contract } from '../../src/shared/contract/index.ts';
import { inProcessWorkers } from './lab-fixture.ts';
import { describeDrafts } from './methods/drafts.ts';
import { describeMaterials } from './methods/materials.ts';
import { describeModels } from './methods/models.ts';
import { describeResults } from './methods/results.ts';
import { describeRuns } from './methods/runs.ts';
import type { Scenario } from './methods/scenario.ts';
import { noting } from './methods/scenario.ts';
import { describeWorkspace } from './methods/workspace.ts';
import type { Connected } from './transports.ts';
import { transports } from './transports.ts';
import { taskNotes } from '../../src/main/runs/task-notes.ts';

describe.each(Object.entries(transports))('over %s', (_name, connect) => {
  const called = new Set<string>();
  // The client is there when the first test begins.
  const scenario = { folder: '', run: '', changed: [], watched: [], jobs: [] } as unknown as Scenario;
  let lab: Lab;
  let connection: Connected;

  beforeAll(async () => {
    scenario.folder = await mkdtemp(join(tmpdir(), 'pretext-contract-'));
    process.env.PRETEXT_SETTINGS = join(scenario.folder, 'settings');
    lab = await openLab({
      folder: join(scenario.folder, 'workspace'),
      host: 'server',
      processes: inProcessWorkers,
      tasks: taskNotes,
    });
    connection = await connect(lab);
    scenario.client = noting(connection.lab, called);
    const { workspace, runs, jobs } = scenario.client;
    workspace.watch({}, { onEvent: ({ changed }) => scenario.changed.push(...changed) });
    runs.watch({}, { onEvent: ({ changed }) => scenario.watched.push(...changed.map(({ state }) => state)) });
    jobs.watch({}, { onEvent: (event) => scenario.jobs.push(...event.jobs.map(({ state }) => state)) });
  });

  afterAll(async () => {
    await connection.disconnect();
    await lab.close();
    await rm(scenario.folder, { recursive: true, force: true });
  });

  describeWorkspace(scenario);
  describeMaterials(scenario);
  describeModels(scenario);
  describeDrafts(scenario);
  describeRuns(scenario);
  describeResults(scenario);

  it('left no method out', () => {
    const names = Object.entries(contract).flatMap(([feature, methods]) =>
      Object.keys(methods).map((method) => `${feature}.${method}`),
    );
    expect(names.filter((name) => !called.has(name))).toEqual([]);
  });
});
