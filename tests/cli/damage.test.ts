// What a person does about a damaged checkpoint: `pretext check` names it, resuming says which one is whole, and the run goes on from it.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createRun } from '../../src/main/runs/create-run.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { createTinyWorkspace, tinyExperiment } from '../tiny-workspace.ts';
import { pretextInProcess } from './in-process.ts';

it('check finds it, --resume names the one before, --checkpoint goes on from that', async () => {
  const tiny = await createTinyWorkspace();
  onTestFinished(() => tiny.remove());
  vi.stubEnv('PRETEXT_WORKSPACE', tiny.workspace.folder);
  const training = 'training: {steps: 12, batchSize: 4, evaluateEvery: 4, checkpointEvery: 4, keepCheckpoints: 5}';
  const run = await createRun(tiny.workspace, tinyExperiment(training));
  const stop = new AbortController();
  const onStep = (step: number): void => {
    if (step === 8) stop.abort();
  };
  await trainRun(tiny.workspace, run, { signal: stop.signal, prefetch: false, onStep });
  const whole = await pretextInProcess('check');
  expect([whole.code, whole.out.trim()]).toEqual([0, expect.stringMatching(/^\d+ whole, 0 damaged, 0 not verified$/)]);

  const file = join(run.checkpoints, 'step-8', 'model.safetensors');
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 5) ^ 1, bytes.length - 5);
  await writeFile(file, bytes);
  const damaged = await pretextInProcess('check');
  expect(damaged.code).toBe(1);
  expect(damaged.out).toContain('1 damaged');
  expect(damaged.err).toContain(`runs/${run.id}/checkpoints/step-8: damaged`);

  const refused = await pretextInProcess('run', run.id, '--resume');
  expect(refused.code).toBe(1);
  expect(refused.err).toContain(`pretext run ${run.id} --resume --checkpoint 4`);
  expect((await pretextInProcess('run', run.id, '--checkpoint', '4')).code).toBe(1); // only with --resume
  expect((await pretextInProcess('run', run.id, '--resume', '--checkpoint', '4')).code).toBe(0);
  expect((await pretextInProcess('check')).code).toBe(0);
});
