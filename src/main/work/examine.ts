/** Looking at a trained run example by example: the cells of its confusion matrix, a quiz, the samples that were recorded. */
import { setImmediate } from 'node:timers/promises';
import type { z } from 'zod';
import type { DemoForm, demosContract } from '../../shared/contract/demos.ts';
import type { runsContract } from '../../shared/contract/runs.ts';
import { LabError } from '../../shared/errors.ts';
import { randomStream } from '../../shared/random.ts';
import type { EvaluationSplit } from '../tasks/index.ts';
import { questionFeeds } from '../tasks/index.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { checkpointStep } from '../runs/prepare.ts';
import { findRun } from '../workspace/runs.ts';
import type { SampleRecord } from '../workspace/training-records.ts';
import { demoFormOf } from '../tasks/demo-form.ts';
import type { AskedExample } from './quiz-question.ts';
import { quizQuestion } from './quiz-question.ts';
import type { RunData } from './validation-examples.ts';
import { answersTo, describeExample, exampleCount, openExampleModel, openRunData } from './validation-examples.ts';
import type { WorkContext } from './work-context.ts';

type RunsOutput<Method extends 'samples' | 'confusionExamples'> = z.input<(typeof runsContract)[Method]['output']>;
type QuizInput = z.output<(typeof demosContract)['quiz']['input']>;
type QuizOutput = z.input<(typeof demosContract)['quiz']['output']>;

interface Prediction {
  readonly index: number;
  readonly actual: string;
  readonly predicted: string;
  readonly probability: number;
}

/** Predictions of a whole split are made once for each run and checkpoint. */
const known = new Map<string, readonly Prediction[]>();

/** Splits whose predictions are remembered. */
const remembered = 8;

async function predictionsOf(
  context: WorkContext,
  run: RunFolder,
  split: EvaluationSplit,
  data: RunData,
): Promise<readonly Prediction[]> {
  const step = await checkpointStep(run, 'best');
  const key = `${run.folder}:${split}:${step}`;
  const before = known.get(key);
  if (before) return before; // nothing has to be compiled to look at another cell
  await using model = await openExampleModel(run, data, step);
  const predictions: Prediction[] = [];
  const total = exampleCount(data, split);
  for (let index = 0; index < total; index++) {
    if (index % 16 === 0) {
      await setImmediate();
      context.signal.throwIfAborted();
      context.progress({ phase: 'Predicting', done: index, total, unit: 'examples', skipped: 0 });
    }
    const feeds = questionFeeds(data.prepared.sampler, split, index);
    const answer = answersTo(data, await model.run(feeds), feeds, 1).find(({ kind }) => kind === 'class');
    const [choice] = answer?.choices ?? [];
    if (answer && choice) {
      predictions.push({ index, actual: answer.truth, predicted: choice.label, probability: choice.probability });
    }
  }
  known.set(key, predictions);
  for (const oldest of known.keys()) {
    if (known.size <= remembered) break;
    known.delete(oldest);
  }
  return predictions;
}

export async function confusionExamples(
  context: WorkContext,
  input: z.output<(typeof runsContract)['confusionExamples']['input']>,
): Promise<RunsOutput<'confusionExamples'>> {
  const run = await findRun(context.workspace, input.id);
  using data = await openRunData(context.workspace, run);
  const predictions = await predictionsOf(context, run, input.split, data);
  const cell = predictions.filter(({ actual, predicted }) => actual === input.actual && predicted === input.predicted);
  const examples = await Promise.all(
    cell.slice(input.offset, input.offset + input.limit).map(async ({ index, probability }) => ({
      items: await describeExample(data, questionFeeds(data.prepared.sampler, input.split, index)),
      probability,
      source: null,
    })),
  );
  return { total: cell.length, examples };
}

/** Questions that are drawn from the validation split, in an order that the seed decides. */
export async function quizOf(
  context: WorkContext,
  { run: reference, checkpoint, count, seed }: QuizInput,
): Promise<QuizOutput> {
  const run = await findRun(context.workspace, reference);
  using data = await openRunData(context.workspace, run);
  const { sampler, model: description, task } = data.prepared;
  await using model = await openExampleModel(run, data, checkpoint);
  const total = exampleCount(data, 'validation');
  if (total === 0) {
    throw new LabError('bad-input', 'The validation split of this run is empty: there is nothing to ask');
  }
  const stream = randomStream(seed, 0);
  const drawn = new Set<number>();
  while (drawn.size < Math.min(count, total)) drawn.add(stream.integer(total));
  const asked: AskedExample[] = [];
  for (const index of drawn) {
    context.signal.throwIfAborted();
    const feeds = questionFeeds(sampler, 'validation', index);
    const { classes: { length: most = 0 } = [] } = description.facts;
    const answers = answersTo(data, await model.run(feeds), feeds, Math.max(8, most));
    // Of words and labels one is asked for, drawn as the examples are.
    const answer = answers.find(({ kind }) => kind === 'class') ?? answers[stream.integer(Math.max(1, answers.length))];
    if (!answer) continue;
    asked.push({ answer, id: index, items: await describeExample(data, feeds) });
  }
  const classes = description.facts.classes ?? [];
  const questions = asked.map(({ answer, ...example }) => ({ ...example, ...quizQuestion(answer, asked, classes) }));
  const form: DemoForm = demoFormOf(task, description.facts.input.kind);
  return { form, questions };
}

/** The examples that samples were recorded for, in words and pictures, with the answers of every evaluation. */
export async function describeSamples(
  { workspace }: WorkContext,
  {
    id,
    records,
    offset,
    limit,
  }: {
    readonly id: string;
    readonly records: readonly SampleRecord[];
    readonly offset: number;
    readonly limit: number;
  },
): Promise<RunsOutput<'samples'>> {
  const recorded = records.at(-1)?.answers.length ?? 0;
  if (recorded === 0) return { steps: [], examples: [] };
  using data = await openRunData(workspace, await findRun(workspace, id));
  const indices = Array.from({ length: recorded }, (_, index) => index).slice(offset, offset + limit);
  const examples = await Promise.all(
    indices.map(async (index) => ({
      items: await describeExample(data, questionFeeds(data.prepared.sampler, 'validation', index)),
      truth: records.at(-1)?.answers[index]?.map(({ truth }) => truth) ?? [],
      answers: records.map(({ answers }) =>
        (answers[index] ?? []).map(({ question, kind, choices }) => ({ question, ...(kind && { kind }), choices })),
      ),
    })),
  );
  return { steps: records.map(({ step }) => step), examples };
}
