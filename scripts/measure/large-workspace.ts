/**
 * A workspace as it is after months of work: 1,000 finished runs, 50 of them with 10,000 steps each. One small run is really
 * trained; the others are its folder with another seed, learning rate and course. The lab then reads them as it reads any run.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomStream } from '../../src/shared/random.ts';
import type { Experiment } from '../../src/shared/spec/experiment/index.ts';
import type { RunEvent } from '../../src/shared/spec/run/events.ts';
import { nodeProcesses } from '../../src/main/hosts/node/processes.ts';
import { importTextCorpus } from '../../src/main/data/text/import-corpus.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { openLab } from '../../src/main/lab/lab.ts';
import type { RunFolder } from '../../src/main/workspace/run-folder.ts';
import { readEvents, runFolder, writeJson } from '../../src/main/workspace/run-folder.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { taskNotes } from '../../src/main/runs/task-notes.ts';

export const manyRuns = 1000;
export const longRuns = 50;
export const longSteps = 10_000;
const shortSteps = 100;
const learningRates = [3e-4, 1e-3, 3e-3, 1e-2, 3e-2];

/** By these names they are found. */
export const longName = 'long-course';
const shortName = 'short-course';

export interface LargeWorkspace {
  readonly workspace: Workspace;
  readonly points: number;
}

export async function createLargeWorkspace(folder: string): Promise<LargeWorkspace> {
  const workspace = await openWorkspace(join(folder, 'workspace'));
  await importSentences(workspace, join(folder, 'text'));
  const model = await createRun(workspace, smallExperiment());
  await trainRun(workspace, model, { signal: new AbortController().signal });
  for (let number = 0; number < manyRuns - 1; number += 1) await copyRun(workspace, model, number);
  const lab = await openLab({
    folder: workspace.folder,
    host: 'command-line',
    processes: nodeProcesses,
    tasks: taskNotes,
  });
  const points = lab.runs
    .all()
    .flatMap((record) => lab.runs.points.metrics(record.number))
    .reduce((sum, line) => sum + line.points, 0);
  await lab.close();
  return { workspace, points };
}

/** Takes hours, if it is let, and every core. */
export function demandingExperiment(): Experiment {
  return experimentOf(`
name: every-core
task: {type: masked-words, length: 64, validationFraction: 0.1, testFraction: 0.1}
data: sentences
pipeline: {preset: bert-tiny, options: {layers: 4, hiddenSize: 256, heads: 4, maximumLength: 64}}
training: {steps: 1000000, batchSize: 32, learningRate: 1e-4, evaluateEvery: 1000, logEvery: 1}
`);
}

function smallExperiment(): Experiment {
  return experimentOf(`
name: ${shortName}
task: {type: masked-words, length: 16, validationFraction: 0.1, testFraction: 0.1, evaluationExamples: 16}
data: sentences
pipeline: {preset: bert-tiny, options: {layers: 2, hiddenSize: 8, heads: 2, maximumLength: 16}}
engine: {threads: 1}
training: {steps: 12, batchSize: 4, learningRate: 1e-2, evaluateEvery: 4, logEvery: 2}
`);
}

function experimentOf(text: string): Experiment {
  return parseExperiment(parseSpecText(text, 'measurement.yaml'));
}

async function importSentences(workspace: Workspace, folder: string): Promise<void> {
  const pick = (random: ReturnType<typeof randomStream>, words: readonly string[]): string =>
    words[random.integer(words.length)] ?? '';
  await mkdir(folder, { recursive: true });
  for (let document = 0; document < 200; document += 1) {
    const random = randomStream(1, document);
    const sentences = Array.from({ length: 20 }, () =>
      [
        pick(random, ['the cat', 'the dog', 'a bird', 'my neighbour', 'the old man', 'a child']),
        pick(random, ['sees', 'finds', 'likes', 'follows', 'forgets', 'wants']),
        `${pick(random, ['the house', 'a red ball', 'the river', 'an apple', 'the garden', 'some milk'])}.`,
      ].join(' '),
    );
    await writeFile(join(folder, `${document}.txt`), sentences.join(' '));
  }
  await importTextCorpus({
    sources: [folder],
    folder: join(workspace.corpora, 'sentences'),
    name: 'sentences',
    tokenizer: { vocabularySize: 100 },
  });
}

async function copyRun({ runs }: Workspace, model: RunFolder, number: number): Promise<void> {
  const isLong = number < longRuns;
  const name = isLong ? longName : shortName;
  const copy = runFolder(join(runs, `${name}-${String(number).padStart(4, '0')}`));
  const learningRate = learningRates[number % learningRates.length] ?? 1e-2;
  const seed = Math.floor(number / learningRates.length);
  await cp(model.folder, copy.folder, { recursive: true });
  const change = async (file: string, by: Readonly<Record<string, unknown>>): Promise<void> => {
    await writeJson(file, { ...(JSON.parse(await readFile(file, 'utf8')) as object), ...by });
  };
  const { training } = JSON.parse(await readFile(model.spec, 'utf8')) as Experiment;
  await change(copy.spec, { name, seed, training: { ...training, learningRate } });
  await change(copy.origin, { id: copy.id });
  await change(copy.result, { id: copy.id, name });
  const events = course(await readEvents(model), copy.id, isLong ? longSteps : shortSteps, number);
  await writeFile(copy.events, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
}

/** What the model said at its beginning and its end, with as many steps as wanted between them. */
function course(said: readonly RunEvent[], id: string, steps: number, number: number): RunEvent[] {
  const random = randomStream(2, number);
  const start = said[0]?.time ?? 0;
  const times = (step: number): number => start + 1000 + step * 100;
  const between: RunEvent[] = [];
  for (let step = 1; step <= steps; step += 1) {
    const loss = 1 + 3 * Math.exp((-step / steps) * (3 + (number % 5))) + 0.2 * random.uniform();
    const place = { time: times(step), step };
    between.push({
      ...place,
      type: 'step',
      learningRate: 1e-3,
      scalars: { loss },
      gradientNorm: 1 + random.uniform(),
      examplesPerSecond: 1000 + 100 * random.uniform(),
    });
    if (step % (steps / 20) !== 0) continue;
    const metrics = { loss: loss + 0.1, accuracy: 1 - loss / 5 };
    between.push({ ...place, type: 'evaluation', split: 'validation', metrics, best: step === steps });
  }
  return [
    ...said.flatMap((event): RunEvent[] => {
      if (event.type === 'created') return [{ ...event, id }];
      return event.type === 'started' ? [{ ...event, totalSteps: steps }] : [];
    }),
    ...between,
    { time: times(steps), type: 'finished', step: steps, reason: 'steps' },
  ];
}
