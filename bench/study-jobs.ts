/**
 * What `--jobs auto` gains: a study of 24 small runs (two arms, three budgets of labels, four seeds), one after the other and as many
 * as fit, each in a fresh workspace by the lab's own queue and trainers. All runs have to end with the same weights both ways.
 * `--steps` is the length of a run.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Concurrency } from '../src/shared/contract/runs.ts';
import { LabError } from '../src/shared/errors.ts';
import { randomStream } from '../src/shared/random.ts';
import { nodeProcesses } from '../src/main/hosts/node/processes.ts';
import type { Lab } from '../src/main/lab/lab.ts';
import { openLab } from '../src/main/lab/lab.ts';
import { createRun } from '../src/main/runs/create-run.ts';
import { parseStudy, planStudy } from '../src/main/runs/study-plan.ts';
import { taskNotes } from '../src/main/runs/task-notes.ts';
import { sha256Of } from '../src/main/files/checksums.ts';
import { importCorpus, importDataset } from '../src/main/work/import-material.ts';
import { listCheckpoints } from '../src/main/workspace/checkpoint-folders.ts';
import { openWorkspace } from '../src/main/workspace/workspace.ts';
import { roundTo, type Bench } from './lib/bench.ts';

const examples = 1200;
const wordsInAll = 300;

/** Sentences of pseudo-words; those of a class have some words more often than the other. */
async function writeLabelledTexts(file: string): Promise<void> {
  const rows = Array.from({ length: examples }, (_, index) => {
    const random = randomStream(11, index);
    const label = index % 2;
    const word = (): number => (random.integer(4) === 0 ? label * 20 + random.integer(20) : random.integer(wordsInAll));
    return `${Array.from({ length: 8 + random.integer(16) }, () => `w${word()}`).join(' ')},${label === 0 ? 'even' : 'odd'}`;
  });
  await writeFile(file, ['text,label', ...rows].join('\n'));
}

const study = (steps: number): object => ({
  version: 2,
  name: 'jobs',
  experiment: {
    task: { type: 'text-classification', length: 32 },
    data: 'texts',
    tokenizer: { corpus: 'words' },
    pipeline: { preset: 'bert-tiny', options: { layers: 2, hiddenSize: 64, heads: 2, maximumLength: 32 } },
    training: { steps, batchSize: 16, evaluateEvery: Math.ceil(steps / 2) },
    evaluation: { baselines: false },
  },
  arms: [
    { name: 'quick', settings: { 'training.learningRate': 1e-3 } },
    { name: 'slow', settings: { 'training.learningRate': 3e-4 } },
  ],
  conditions: [10, 20, 40].map((labels) => ({
    name: `n-${labels}`,
    settings: { 'task.labelBudget.perClass': labels },
  })),
  seeds: [1, 2, 3, 4],
});

interface Trained {
  readonly seconds: number;
  /** Of the last checkpoint, by the name of the run. */
  readonly weights: ReadonlyMap<string, string>;
}

/** Trains the whole study in a workspace of its own. */
async function trainStudy(steps: number, concurrency: Concurrency): Promise<Trained> {
  const folder = await mkdtemp(join(tmpdir(), 'pretext-bench-'));
  try {
    await writeLabelledTexts(join(folder, 'texts.csv'));
    const workspace = await openWorkspace(join(folder, 'workspace'));
    const sources = [join(folder, 'texts.csv')];
    await importDataset(workspace, 'texts', { sources });
    await importCorpus(workspace, 'words', { sources, tokenizer: { vocabularySize: 400, minimumFrequency: 1 } });
    const source = { value: study(steps), locate: () => 'the study of the bench' };
    const ids: string[] = [];
    for (const { experiment } of planStudy(parseStudy(source), source)) {
      ids.push((await createRun(workspace, experiment)).id);
    }
    const host = { host: 'command-line', processes: nodeProcesses, tasks: taskNotes } as const;
    const lab = await openLab({ folder: workspace.folder, ...host, queue: { concurrency } });
    try {
      const begun = performance.now();
      lab.queue.enqueue(ids);
      await allEnded(lab, ids);
      const seconds = (performance.now() - begun) / 1000;
      const weights = new Map<string, string>();
      for (const id of ids) {
        const { spec, state, failure } = lab.runs.get(id);
        if (state !== 'finished') throw new LabError('engine-failed', `${id} is ${state}: ${failure?.message ?? ''}`);
        const { checkpoints } = lab.runs.folder(id);
        const last = (await listCheckpoints(checkpoints)).at(-1) ?? 0;
        weights.set(spec.name, await sha256Of(join(checkpoints, `step-${last}`, 'model.safetensors')));
      }
      return { seconds, weights };
    } finally {
      await lab.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function allEnded({ runs, queue }: Lab, ids: readonly string[]): Promise<void> {
  const hasEnded = (): boolean =>
    queue.state().active.length === 0 && ids.every((id) => ['finished', 'failed'].includes(runs.get(id).state));
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (hasEnded()) resolve();
    };
    queue.changes.on(look);
    look();
  });
}

export const bench: Bench = {
  summary: 'a study of 24 small runs, one after the other and with --jobs auto; --steps is the length of a run',
  async run(name, { stepBudget = 60, progress }) {
    const measured: Trained[] = [];
    for (const concurrency of [1, 'auto'] as const) {
      progress(concurrency === 1 ? 'one after the other' : 'as many as fit');
      measured.push(await trainStudy(stepBudget, concurrency));
    }
    const [alone, together] = measured;
    if (!alone || !together) throw new LabError('internal', 'nothing was measured');
    const others = [...alone.weights].filter(([run, weights]) => together.weights.get(run) !== weights);
    if (others.length > 0) {
      throw new LabError(
        'engine-failed',
        `${others.length} runs have other weights: ${others.map(([run]) => run).join(', ')}`,
      );
    }
    return {
      name,
      threads: availableParallelism(),
      size: { runs: alone.weights.size, steps: stepBudget },
      oneAfterTheOtherSeconds: roundTo(alone.seconds, 1),
      asManyAsFitSeconds: roundTo(together.seconds, 1),
      throughput: roundTo(alone.seconds / together.seconds, 2),
      sameWeights: true,
    };
  },
};
