/**
 * How long suggested experiments were said to take, and how long they took: for every kind of data in a workspace, each task that suits
 * it, first rehearsed and then trained by the lab's own queue and trainers. `--workspace` has the data; without it the samples that come
 * with the lab and a few tones are imported. `--only` names data, `--steps` cuts the trainings short.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabError } from '../src/shared/errors.ts';
import type { Experiment } from '../src/shared/spec/experiment/index.ts';
import { randomStream } from '../src/shared/random.ts';
import { wavBytes } from '../src/main/data/audio/write-wav.ts';
import { nodeProcesses } from '../src/main/hosts/node/processes.ts';
import type { Lab } from '../src/main/lab/lab.ts';
import { openLab } from '../src/main/lab/lab.ts';
import { createRun } from '../src/main/runs/create-run.ts';
import { describeData } from '../src/main/runs/describe-data.ts';
import { parseExperiment } from '../src/main/runs/experiment.ts';
import { rehearse } from '../src/main/runs/rehearse.ts';
import { suggestExperiment } from '../src/main/runs/suggest-experiment.ts';
import { taskNotes } from '../src/main/runs/task-notes.ts';
import type { DataDescription } from '../src/main/tasks/index.ts';
import { registeredTasks } from '../src/main/tasks/index.ts';
import { importAudio } from '../src/main/work/import-material.ts';
import { createSample } from '../src/main/work/import.ts';
import { samples, unavailable } from '../src/main/work/samples/index.ts';
import { listMaterials } from '../src/main/workspace/catalogue.ts';
import type { Workspace } from '../src/main/workspace/workspace.ts';
import { openWorkspace } from '../src/main/workspace/workspace.ts';
import { roundTo, type Bench } from './lib/bench.ts';

/** What an estimate may be off. */
const factor = 1.5;

interface Compared {
  readonly task: string;
  readonly data: string;
  readonly predictedSeconds: number;
  readonly seconds: number;
  /** Predicted over true. */
  readonly ratio: number;
}

export const bench: Bench = {
  summary: 'predicted and true time of every suggested experiment; --workspace has the data, --only names some of it',
  async run(name, { workspace: given, only, stepBudget, progress }) {
    const folder = given ?? (await mkdtemp(join(tmpdir(), 'pretext-bench-')));
    try {
      const workspace = await openWorkspace(given ?? join(folder, 'workspace'));
      if (given === undefined) await bringInSamples(workspace, folder, progress);
      const groups = await Promise.all(
        (['corpus', 'dataset'] as const).map((group) => listMaterials(workspace, group)),
      );
      const materials = groups.flatMap((group) => group.materials);
      const described = materials.map(describeData);
      const compared: Compared[] = [];
      const host = { host: 'command-line', processes: nodeProcesses, tasks: taskNotes } as const;
      const lab = await openLab({ folder: workspace.folder, ...host, queue: { concurrency: 1 } });
      try {
        for (const data of described) {
          if (only !== undefined && !only.includes(data.name)) continue;
          for (const experiment of suggestionsFor(data, described, stepBudget)) {
            const one = await compareOne(workspace, lab, experiment);
            compared.push(one);
            progress(
              `${one.task} on ${one.data}: predicted ${one.predictedSeconds} s, took ${one.seconds} s (${one.ratio})`,
            );
          }
        }
      } finally {
        await lab.close();
      }
      if (compared.length === 0) throw new LabError('not-found', 'There is no data that a task suits');
      const close = compared.filter(({ ratio }) => ratio <= factor && ratio >= 1 / factor).length;
      return {
        name,
        threads: availableParallelism(),
        size: { experiments: compared.length },
        within: `${close} of ${compared.length} within a factor of ${factor}`,
        shareWithin: roundTo(close / compared.length, 2),
        experiments: compared,
      };
    } finally {
      if (given === undefined) await rm(folder, { recursive: true, force: true });
    }
  },
};

async function compareOne(workspace: Workspace, lab: Lab, experiment: Experiment): Promise<Compared> {
  const { signal } = new AbortController();
  const folder = await mkdtemp(join(tmpdir(), 'pretext-rehearsal-'));
  let predicted;
  try {
    predicted = await rehearse(workspace, experiment, { folder, signal });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const { id } = await createRun(workspace, experiment);
  await lab.runs.scan(lab.queue.isOurs);
  const begun = performance.now();
  lab.queue.enqueue([id]);
  await ended(lab, id);
  const seconds = (performance.now() - begun) / 1000;
  const { state, failure } = lab.runs.get(id);
  if (state !== 'finished') throw new LabError('engine-failed', `${id} is ${state}: ${failure?.message ?? ''}`);
  return {
    task: experiment.task.type,
    data: experiment.data,
    predictedSeconds: roundTo(predicted.seconds, 1),
    seconds: roundTo(seconds, 1),
    ratio: roundTo(predicted.seconds / seconds, 2),
  };
}

async function ended({ runs, queue }: Lab, id: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (queue.state().active.length === 0 && ['finished', 'failed'].includes(runs.get(id).state)) resolve();
    };
    queue.changes.on(look);
    look();
  });
}

/** One for each task that suits the data, as the form offers it. */
function suggestionsFor(
  data: DataDescription,
  all: readonly DataDescription[],
  steps: number | undefined,
): readonly Experiment[] {
  return registeredTasks()
    .filter((task) => task.data.includes(data.kind) && (task.suggested?.suits?.(data) ?? true))
    .map(({ type }) => {
      const spec = suggestExperiment(type, { data, corpora: all });
      const short = steps === undefined ? {} : { training: { ...(spec.training as object), epochs: undefined, steps } };
      const value: unknown = JSON.parse(JSON.stringify({ ...spec, ...short })); // without what is undefined
      return parseExperiment({ value, locate: () => `the suggestion for ${type}` });
    });
}

async function bringInSamples(workspace: Workspace, folder: string, progress: (line: string) => void): Promise<void> {
  const { signal } = new AbortController();
  for (const sample of samples) {
    const reason = unavailable(sample);
    if (reason !== null) {
      progress(`${sample.name} is left out: ${reason}`);
      continue;
    }
    progress(`importing ${sample.name}`);
    await createSample({ workspace, signal, progress: () => undefined }, { name: sample.name });
  }
  await writeTones(join(folder, 'tones'));
  await importAudio(workspace, 'tones', { sources: [join(folder, 'tones')] });
}

const tones = 200;
const rate = 16_000;

/** Half a second each, low or high, with some noise. */
async function writeTones(folder: string): Promise<void> {
  for (const [label, base] of [
    ['low', 220],
    ['high', 660],
  ] as const) {
    await mkdir(join(folder, label), { recursive: true });
    for (let index = 0; index < tones / 2; index++) {
      const random = randomStream(17, base + index);
      const frequency = base * (0.8 + 0.4 * random.uniform());
      const samples = Float32Array.from(
        { length: rate / 2 },
        (_, at) => 0.5 * Math.sin((2 * Math.PI * frequency * at) / rate) + 0.05 * (random.uniform() - 0.5),
      );
      await writeFile(join(folder, label, `${index}.wav`), wavBytes(samples, rate));
    }
  }
}
