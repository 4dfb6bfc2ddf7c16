// What tests of the queue share: a workspace with a corpus, runs in it, and waiting for what trainers do.
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RunState } from '../../src/shared/contract/runs.ts';
import type { Lab } from '../../src/main/lab/lab.ts';
import type { TrainerProcess } from '../../src/main/lab/process-host.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { importCorpus } from '../../src/main/work/import-material.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { temporaryFolder, tinyExperiment, writeSources } from './lab-fixture.ts';
import { eventually } from '../eventually.ts';

/** A workspace with a corpus. */
export async function prepareWorkspace(): Promise<string> {
  const folder = await temporaryFolder();
  const { text } = await writeSources(folder);
  const workspace = await openWorkspace(join(folder, 'workspace'));
  await importCorpus(workspace, 'stories', {
    sources: [text],
    documents: 'blank-line',
    tokenizer: { vocabularySize: 64, minimumFrequency: 1 },
  });
  return workspace.folder;
}

export async function newRun(
  { workspace, runs, queue }: Pick<Lab, 'workspace' | 'runs' | 'queue'>,
  training: object = {},
): Promise<string> {
  const spec = { ...tinyExperiment, training: { ...tinyExperiment.training, ...training } };
  const { id } = await createRun(workspace, parseExperiment({ value: spec, locate: () => 'test' }));
  await runs.scan(queue.isOurs);
  return id;
}

/** Far more steps than a test waits for. */
export const endless = { steps: 100_000, evaluateEvery: 50_000, checkpointEvery: 5, logEvery: 1 };

export async function reaches({ runs }: Lab, id: string, ...states: RunState[]): Promise<void> {
  await eventually(() => {
    expect(states).toContain(runs.get(id).state);
  });
}

export async function passesStep({ runs }: Lab, id: string, step: number): Promise<void> {
  await eventually(() => {
    expect(runs.get(id).progress.step).toBeGreaterThanOrEqual(step);
  });
}

/** A trainer that does nothing until it is stopped. */
export function idleTrainer(): TrainerProcess {
  const listeners: (() => void)[] = [];
  const end = (): void => {
    for (const listener of listeners.splice(0)) listener(); // it ends once
  };
  return {
    pid: undefined,
    stop: end,
    kill: end,
    onMessage: () => undefined,
    onExit: (listener) =>
      listeners.push(() => {
        listener({ code: 130, signal: null, output: '' });
      }),
  };
}
