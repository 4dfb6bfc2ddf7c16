// A real lab in a temporary workspace. Workers run in this process, over the same messages, so that the tests are quick;
// trainers are real processes where a test wants them.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { protocolVersion } from '../../src/shared/contract/index.ts';
import { nodeProcesses } from '../../src/main/hosts/node/processes.ts';
import { serveWork } from '../../src/main/hosts/worker/serve-work.ts';
import type { Lab, LabOptions } from '../../src/main/lab/lab.ts';
import { openLab } from '../../src/main/lab/lab.ts';
import type { ProcessHost } from '../../src/main/lab/process-host.ts';
import type { RunFolder } from '../../src/main/workspace/run-folder.ts';
import { runFolder, writeJson } from '../../src/main/workspace/run-folder.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { experimentSpec } from '../../src/shared/spec/experiment/index.ts';
import { inProcessPair } from '../../src/main/rpc/transports/in-process.ts';
import { taskNotes } from '../../src/main/runs/task-notes.ts';

export const inProcessWorkers: ProcessHost = {
  startTrainer: nodeProcesses.startTrainer,
  startWorker(workspaceFolder) {
    const [near, far] = inProcessPair();
    void openWorkspace(workspaceFolder).then((workspace) => {
      serveWork(workspace, far, protocolVersion);
    });
    return {
      pid: undefined,
      transport: near,
      kill: () => {
        near.close();
      },
    };
  },
};

/** Removed when the test is over. */
export async function temporaryFolder(name = 'pretext-'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), name));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Closed when the test is over. */
export async function testLab(options: Partial<LabOptions> = {}): Promise<Lab> {
  const folder = options.folder ?? join(await temporaryFolder(), 'workspace');
  const lab = await openLab({ host: 'server', processes: inProcessWorkers, tasks: taskNotes, ...options, folder });
  onTestFinished(() => lab.close());
  return lab;
}

const words =
  'the a man woman dog cat went came ran to from store house park and saw found left bread milk . , old young'.split(
    ' ',
  );

/** A text of made-up sentences, always the same: a corpus to learn a little from. */
export function madeUpText(paragraphs: number): string {
  let state = 12345;
  const next = (below: number): number => {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    return state % below;
  };
  const sentence = (): string =>
    `${Array.from({ length: 6 + next(6) }, () => words[next(words.length)] ?? 'the').join(' ')}.`;
  return Array.from({ length: paragraphs }, () => Array.from({ length: 4 }, sentence).join(' ')).join('\n\n');
}

/** Writes the files that tests import: a text, a table, and one that cannot be read. */
export async function writeSources(folder: string): Promise<{ text: string; table: string }> {
  const text = join(folder, 'stories.txt');
  const table = join(folder, 'reviews.csv');
  await writeFile(text, madeUpText(60));
  const rows = Array.from({ length: 80 }, (_, index) => {
    const good = index % 2 === 0;
    return `"the ${good ? 'good' : 'bad'} dog went to the ${index % 5 === 0 ? 'park' : 'house'} ${index}",${good ? 'good' : 'bad'}`;
  });
  await writeFile(table, ['text,label', ...rows, '"a row without a label",'].join('\n'));
  return { text, table };
}

/** Seconds of training at most: what is tested is what happens around it. */
export const tinyExperiment = {
  name: 'tiny',
  task: { type: 'masked-words', length: 16, evaluationExamples: 8 },
  data: 'stories',
  pipeline: { preset: 'bert-tiny', options: { layers: 1, hiddenSize: 16, heads: 2, maximumLength: 16 } },
  training: { steps: 6, batchSize: 4, evaluateEvery: 3, checkpointEvery: 3, logEvery: 1 },
  evaluation: { baselines: false },
  engine: { threads: 1 },
} as const;

/** The folder of a run as one is created, with no events yet. */
export async function writeRunFolder(workspaceFolder: string, id: string): Promise<RunFolder> {
  const run = runFolder(join(workspaceFolder, 'runs', id));
  await mkdir(run.artifacts, { recursive: true });
  await writeJson(run.spec, experimentSpec.parse(tinyExperiment));
  await writeJson(run.origin, {
    formatVersion: 1,
    id,
    createdAt: '2026-01-02T03:04:05.000Z',
    data: { kind: 'text-corpus', name: 'stories', contentHash: 'abc' },
    weights: null,
    tokenizer: null,
  });
  await writeFile(run.events, '');
  return run;
}
