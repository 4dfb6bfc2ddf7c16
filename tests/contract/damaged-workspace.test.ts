// Every file of a small workspace is damaged in turn, and the workspace is looked at through every method that reads: each answers, or
// says which file is damaged. A stack is never an answer, and neither is a lab that does not open. PRETEXT_WHOLE=1 tries each kind of
// damage on each file; otherwise every file has some of them.
import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { LabClient } from '../../src/shared/contract/index.ts';
import { isLabError } from '../../src/shared/errors.ts';
import { createClient } from '../../src/shared/rpc/client.ts';
import { openLab } from '../../src/main/lab/lab.ts';
import { labDispatcher } from '../../src/main/rpc/features/index.ts';
import { inProcessPair } from '../../src/main/rpc/transports/in-process.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { taskNotes } from '../../src/main/runs/task-notes.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { importDataset } from '../../src/main/work/import-material.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../tiny-workspace.ts';
import { inProcessWorkers } from './lab-fixture.ts';
import { idleTrainer } from './queue-fixture.ts';

vi.setConfig({ testTimeout: 300_000 });

let tiny: TinyWorkspace;
let run: string;
let files: readonly string[];

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const table = join(tiny.folder, 'labelled.csv');
  const rows = Array.from(
    { length: 40 },
    (_, index) => `the ${index % 2 ? 'cat' : 'dog'} ${index},${index % 2 ? 'a' : 'b'}`,
  );
  await writeFile(table, ['text,label', ...rows].join('\n'));
  await importDataset(tiny.workspace, 'labelled', { sources: [table] });
  const trained = await createRun(tiny.workspace, tinyExperiment());
  await trainRun(tiny.workspace, trained, { signal: new AbortController().signal, prefetch: false });
  run = trained.id;
  const lab = await testLabOf(tiny.workspace.folder);
  await lab.close();
  const entries = await readdir(tiny.workspace.folder, { recursive: true, withFileTypes: true });
  files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(tiny.workspace.folder, join(entry.parentPath, entry.name)))
    .filter((file) => !file.startsWith('lab.') && !file.endsWith('.lock'))
    .sort();
});
afterAll(() => tiny.remove());

interface Looked {
  readonly client: LabClient;
  readonly bugs: string[];
  close(): Promise<void>;
}

async function testLabOf(folder: string): Promise<Looked> {
  const lab = await openLab({
    folder,
    host: 'server',
    tasks: taskNotes,
    processes: { ...inProcessWorkers, startTrainer: idleTrainer },
    queue: { trains: false },
  });
  const bugs: string[] = [];
  const [near, far] = inProcessPair();
  labDispatcher(lab, (method, error) => bugs.push(`${method}: ${String(error)}`)).serve(far);
  const connected = createClient({ open: () => near });
  return {
    client: connected.lab,
    bugs,
    async close() {
      connected.close();
      await lab.close();
    },
  };
}

/** Everything that reads, of what the workspace has. */
function looks(lab: LabClient): Readonly<Record<string, () => Promise<unknown>>> {
  const corpus = { group: 'corpus', name: 'tiny' } as const;
  const dataset = { group: 'dataset', name: 'labelled' } as const;
  return {
    info: () => lab.workspace.info({}),
    disk: () => lab.workspace.disk({}),
    materials: () => lab.materials.list({}),
    corpus: () => lab.materials.get(corpus),
    dataset: () => lab.materials.get(dataset),
    documents: () => lab.materials.search({ ...corpus, limit: 100 }),
    examples: () => lab.materials.search({ ...dataset, limit: 100 }),
    splits: () => lab.materials.splits(dataset),
    lengths: () => lab.materials.lengths(corpus),
    duplicates: () => lab.materials.duplicates(dataset),
    tokens: () => lab.materials.tokenize({ tokenizer: { corpus: 'tiny' }, text: 'the cat' }),
    runs: () => lab.runs.list({}),
    run: () => lab.runs.get({ id: run }),
    log: () => lab.runs.log({ id: run, stepsToo: true }),
    series: () => lab.runs.series({ ids: [run] }),
    checkpoints: () => lab.runs.checkpoints({ id: run }),
    artifacts: () => lab.runs.artifacts({ id: run }),
    samples: () => lab.runs.samples({ id: run }),
    confusion: () => lab.runs.confusion({ id: run }),
    flow: () => lab.runs.gradientFlow({ id: run }),
    histograms: () => lab.runs.histograms({ id: run }),
    card: () => lab.runs.card({ id: run }),
    clone: () => lab.runs.clone({ id: run }),
    compare: () => lab.compare.table({ ids: [run] }),
    demos: () => lab.demos.list({}),
    experiments: () => lab.experiments.list({}),
    pipelines: () => lab.pipelines.list({}),
    studies: () => lab.studies.list({}),
  };
}

type Damage = (bytes: Buffer, other: Buffer) => Buffer | undefined;
const damages: Readonly<Record<string, Damage>> = {
  'cut in half': (bytes) => bytes.subarray(0, bytes.length >> 1),
  empty: () => Buffer.alloc(0),
  'a flipped bit at its beginning': (bytes) => flipped(bytes, 0.02),
  'a flipped bit': (bytes) => flipped(bytes, 0.6),
  'bytes of another file': (_bytes, other) => other,
  'not there': () => undefined,
};

function flipped(bytes: Buffer, place: number): Buffer {
  const damaged = Buffer.from(bytes);
  const at = Math.floor(bytes.length * place);
  damaged[at] = (damaged[at] ?? 0) ^ 0x40;
  return damaged;
}

describe('a workspace with a damaged file', () => {
  it('opens, and every look at it answers or names what is damaged', async () => {
    expect(files.length).toBeGreaterThan(20);
    const whole = process.env.PRETEXT_WHOLE !== undefined;
    const wrong: string[] = [];
    let tried = 0;
    const kinds = Object.entries(damages);
    for (const [index, file] of files.entries()) {
      for (const [number, [kind, damage]] of kinds.entries()) {
        if (!whole && (index + number) % 6 !== 0) continue;
        tried += 1;
        const folder = join(tiny.folder, `copy-${tried}`);
        await cp(tiny.workspace.folder, folder, { recursive: true });
        const bytes = await readFile(join(folder, file));
        const other = await readFile(join(folder, files[(index + 7) % files.length] ?? file));
        const next = damage(bytes, other);
        if (next === undefined) await rm(join(folder, file));
        else await writeFile(join(folder, file), next);
        const found = await lookAt(folder).catch((error: unknown) => [`opening: ${String(error)}`]);
        wrong.push(...found.map((what) => `${file}, ${kind}: ${what}`));
        await rm(folder, { recursive: true, force: true });
      }
    }
    expect(tried).toBeGreaterThanOrEqual(files.length);
    expect(wrong).toEqual([]);
  });

  it('reads a row of its database that is damaged from the folder of the run', async () => {
    const { DatabaseSync } = await import('node:sqlite');
    const folder = join(tiny.folder, 'bad-row');
    await cp(tiny.workspace.folder, folder, { recursive: true });
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const database = new DatabaseSync(join(folder, 'lab.sqlite'));
    database.exec("UPDATE runs SET spec = '{\"name\": ', state = 'nowhere'");
    database.close();
    const { client, close } = await testLabOf(folder);
    expect((await client.runs.list({})).runs).toMatchObject([{ id: run, state: 'finished', name: 'tiny-words' }]);
    expect((await client.runs.series({ ids: [run], metrics: ['training.loss'] })).length).toBe(1);
    await close();
  });

  it('reads a result that is damaged in its database, which is looked at when it is asked for, there, too', async () => {
    const { DatabaseSync } = await import('node:sqlite');
    const folder = join(tiny.folder, 'bad-result');
    await cp(tiny.workspace.folder, folder, { recursive: true });
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const listed = async () => {
      const { client, close } = await testLabOf(folder);
      const { runs } = await client.runs.list({});
      const { result } = await client.runs.get({ id: run });
      await close();
      return { runs, result };
    };
    const before = await listed();
    expect(before).toMatchObject({ runs: [{ id: run, state: 'finished' }], result: { id: run } });
    const database = new DatabaseSync(join(folder, 'lab.sqlite'));
    database.exec('UPDATE runs SET result = \'{"id": \'');
    database.close();
    expect(await listed()).toEqual(before);
  });
});

/** What went wrong that was not said by a `LabError`. */
async function lookAt(folder: string): Promise<string[]> {
  const { client, bugs, close } = await testLabOf(folder);
  const wrong: string[] = [];
  for (const [name, look] of Object.entries(looks(client))) {
    await look().catch((error: unknown) => {
      if (!isLabError(error) || error.code === 'internal') wrong.push(`${name}: ${String(error)}`);
    });
  }
  await close();
  return [...wrong, ...bugs];
}
