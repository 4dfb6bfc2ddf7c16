// A process that does one thing in a workspace and is killed before one of its calls to the file system. What it has acknowledged
// until then it says on stdout, a line of JSON each; at its end, how many calls it made.
//
//     node tests/crash/victim.ts <operation> <workspace> <call to be killed at> [run ids ...]
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openLab } from '../../src/main/lab/lab.ts';
import { reindex } from '../../src/main/lab/reindex.ts';
import type { ProcessHost } from '../../src/main/lab/process-host.ts';
import { exportRun } from '../../src/main/runs/export/index.ts';
import { taskNotes } from '../../src/main/runs/task-notes.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import type { DatasetEdit } from '../../src/shared/spec/dataset-edit.ts';
import { changeDataset, editsOf } from '../../src/main/work/edit-dataset.ts';
import { importCorpus } from '../../src/main/work/import-material.ts';
import { runFolder } from '../../src/main/workspace/run-folder.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { interceptFiles } from '../intercepted-files.ts';

const [operation = '', folder = '', killAt = '', ...ids] = process.argv.slice(2);
const [first = ''] = ids;
const workspace = await openWorkspace(folder);
const say = (acknowledged: object): void => {
  writeSync(1, `${JSON.stringify(acknowledged)}\n`); // gone to the other end before the next call
};

const noProcesses: ProcessHost = {
  startTrainer: () => {
    throw new Error('nothing is trained here');
  },
  startWorker: () => {
    throw new Error('nothing is worked at here');
  },
};

const operations: Readonly<Record<string, () => Promise<unknown>>> = {
  async import() {
    const { contentHash } = await importCorpus(workspace, 'imported', {
      sources: [join(folder, '..', 'text')],
      tokenizer: { vocabularySize: 80 },
    });
    say({ imported: contentHash });
  },
  train: () =>
    trainRun(workspace, runFolder(join(workspace.runs, first)), {
      signal: new AbortController().signal,
      prefetch: false,
      onEvent: ({ type, step }) => {
        if (type === 'checkpoint') say({ checkpoint: step });
      },
    }),
  async queue() {
    const lab = await openLab({
      folder,
      host: 'command-line',
      processes: noProcesses,
      tasks: taskNotes,
      queue: { trains: false },
    });
    for (const id of ids) {
      lab.queue.enqueue([id]);
      say({ order: lab.queue.state().order });
    }
    lab.queue.reorder([...ids].reverse());
    say({ order: lab.queue.state().order });
    lab.queue.cancel(first, false);
    say({ order: lab.queue.state().order });
    await lab.close();
  },
  reindex: () => reindex(workspace, taskNotes),
  /** Example after example, as a person does who looks at each, from where they were left. */
  async label() {
    const { edits } = await editsOf({ workspace }, { name: 'labelled' });
    for (let example = edits.length; example < 4; example++) {
      const edit: DatasetEdit = { type: 'relabel', examples: [example], to: example % 2 === 0 ? 'odd' : 'even' };
      const { contentHash } = await changeDataset({ workspace }, { name: 'labelled', edits: [edit], undo: 0 });
      say({ labelled: example + 1, contentHash });
    }
  },
  async export() {
    const { folder: exported } = await exportRun(workspace, runFolder(join(workspace.runs, first)), {
      folder: join(folder, 'exported'),
      format: 'onnx',
    });
    say({ exported });
  },
};

let calls = 0;
const restore = await interceptFiles(folder, () => {
  if (calls === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  calls += 1;
});
await operations[operation]?.();
restore();
say({ calls });
