// A run in half precision: what is recorded of it, and that it goes on to the same bits, with its scale of gradients.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lossScaleKey } from '../../../src/main/engines/loss-scale.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { scalarsOf } from '../../../src/main/runs/tensorboard-log.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { readCheckpoint } from '../../../src/main/training/checkpoints.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { readEvents } from '../../../src/main/workspace/run-folder.ts';
import type { Precision } from '../../../src/main/engines/engine.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';

let tiny: TinyWorkspace;
beforeAll(async () => {
  tiny = await createTinyWorkspace();
});
afterAll(() => tiny.remove());

async function trained(precision: Precision, stops: readonly number[] = []) {
  const spec = tinyExperiment('', `tiny-${precision}`);
  const run = await createRun(tiny.workspace, { ...spec, engine: { ...spec.engine, precision } });
  let result: Awaited<ReturnType<typeof trainRun>>;
  for (const stopAt of [...stops, Infinity]) {
    const controller = new AbortController();
    result = await trainRun(tiny.workspace, run, {
      signal: controller.signal,
      prefetch: false,
      onStep: (step) => { if (step === stopAt) controller.abort(); },
    }); // prettier-ignore
  }
  return { run, result: result! };
}

const bytesOf = async ({ checkpoints }: RunFolder, file: string) => readFile(join(checkpoints, 'step-12', file));

it.each(['float16', 'bfloat16'] as const)('is trained, told and resumed in %s', async (precision) => {
  const [whole, stopped] = [await trained(precision), await trained(precision, [5, 8])];
  for (const file of ['model.safetensors', 'optimizer.safetensors']) {
    expect(await bytesOf(stopped.run, file)).toEqual(await bytesOf(whole.run, file));
  }
  expect(whole.result.engine).toMatchObject({ device: 'cpu', precision });
  const events = await readEvents(stopped.run);
  expect(events.find(({ type }) => type === 'notice')).toMatchObject({ message: expect.stringContaining(precision) });
  const scales = events.flatMap((event) => scalarsOf(event)?.scalars['training/lossScale'] ?? []);
  const { state } = await readCheckpoint(join(whole.run.checkpoints, 'step-12'));
  const kept = state.optimizer.get(lossScaleKey)?.data;
  if (precision === 'bfloat16') expect([scales, kept]).toEqual([[], undefined]);
  else {
    expect(scales.length).toBeGreaterThan(0);
    expect(kept?.[0]).toBe(scales.at(-1));
  }
});

it('says nothing of float32', async () => {
  const { run, result } = await trained('float32');
  expect(result.engine.precision).toBeUndefined();
  expect((await readEvents(run)).filter(({ type }) => type === 'notice')).toEqual([]);
});
