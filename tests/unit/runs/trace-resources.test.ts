// What a run takes of the computer: noted while it is trained, read back, and never in its way.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseGraphicsCard, traceResources, usageOf } from '../../../src/main/runs/trace-resources.ts';
import type { ProcessUsage } from '../../../src/main/runs/trace-resources.ts';
import { appendResources, readResources } from '../../../src/main/workspace/resource-trace.ts';
import { runFolder } from '../../../src/main/workspace/run-folder.ts';

describe('the trace of resources', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pretext-trace-'));
    await mkdir(join(folder, 'artifacts'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const usage: ProcessUsage = {
    now: () => 0,
    cpu: () => 0,
    memory: () => 12_345,
    gpu: () => Promise.resolve(undefined),
  };

  it('has a sample of the end, with the step that was reached', async () => {
    const run = runFolder(folder);
    {
      await using trace = traceResources(run, usage);
      trace.at(7);
    }
    const samples = await readResources(run);
    expect(samples).toMatchObject([{ step: 7, memory: 12_345, cores: 0 }]);
    expect(samples[0]).not.toHaveProperty('gpu');
  });

  it('counts the cores that were busy since the sample before', async () => {
    const run = runFolder(folder);
    let milliseconds = 500;
    const microseconds = () => 7e6 + 3 * 1000 * milliseconds; // three cores all the time
    const trace = traceResources(run, { ...usage, now: () => milliseconds, cpu: microseconds });
    milliseconds = 2500;
    await trace[Symbol.asyncDispose]();
    expect((await readResources(run)).map(({ cores }) => cores)).toEqual([3]);
  });

  it('goes on in the same file and leaves out damaged lines', async () => {
    const run = runFolder(folder);
    await appendResources(run, { time: 2, step: 1, cores: 1, memory: 5 });
    await writeFile(join(run.artifacts, 'resources.jsonl'), '{"time":1', { flag: 'a' });
    await writeFile(join(run.artifacts, 'resources.jsonl'), '\n', { flag: 'a' });
    await appendResources(run, { time: 3, step: 2, cores: 2, memory: 6, gpu: { share: 0.5, memory: 7 } });
    expect((await readResources(run)).map(({ time }) => time)).toEqual([2, 3]);
    expect(await readResources(runFolder(join(folder, 'none')))).toEqual([]);
  });

  it('is left out where it cannot be written, and the run goes on', async () => {
    const run = runFolder(join(folder, 'none'));
    const trace = traceResources(run, usage);
    await expect(trace[Symbol.asyncDispose]()).resolves.toBeUndefined();
  });

  it('reads what the tool of a graphics card says', async () => {
    expect(parseGraphicsCard('37, 1024\n5, 2\n')).toEqual({ share: 0.37, memory: 1024 ** 3 });
    expect(parseGraphicsCard('[N/A], [N/A]')).toBeUndefined();
    expect(parseGraphicsCard('')).toBeUndefined();
    expect(await usageOf('cpu').gpu()).toBeUndefined();
  });
});
