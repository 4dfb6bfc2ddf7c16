/** Asks a trained network about everything that a table, a folder or a file holds, and writes a table of answers. */
import { LabError, isLabError } from '../../../shared/errors.ts';
import { orderedMap } from '../../data/images/ordered-map.ts';
import { encodeQuery } from '../../tasks/encode-query.ts';
import { demoFormOf } from '../../tasks/demo-form.ts';
import { findTask } from '../../tasks/index.ts';
import { embeddedFacts, openEmbedder } from '../embedder.ts';
import { openNetworkPredictor } from '../predict.ts';
import type { TrainedNetwork } from '../trained-network.ts';
import { answerColumns } from './answer-columns.ts';
import { openFiles } from './file-questions.ts';
import type { OutputCell, OutputColumn } from './output-table.ts';
import { createOutputTable } from './output-table.ts';
import type { Asked, Question, QuestionOptions, QuestionSource, UnreadableQuestion } from './question.ts';
import { openTexts } from './text-questions.ts';

export interface PredictFileOptions extends QuestionOptions {
  readonly input: string;
  /** A .csv, .jsonl or .parquet file that is not there yet. */
  readonly output: string;
  /** So many of the likeliest answers instead of the probability of every class. */
  readonly top?: number | undefined;
  /** The vectors of the backbone instead of answers. */
  readonly embeddings?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: PredictFileProgress) => void;
}

export interface PredictFileProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: QuestionSource['unit'];
  /** Rows that failed so far. */
  readonly failed: number;
}

export interface PredictFileResult {
  readonly run: string;
  readonly step: number;
  readonly output: string;
  /** Rows of the input that were answered. */
  readonly answered: number;
  /** Texts that are longer than the model reads: their end was left out. */
  readonly truncated: number;
  readonly failed: number;
  /** The first hundred of them. */
  readonly failures: readonly { readonly file: string; readonly line: number | null; readonly problem: string }[];
  readonly columns: readonly string[];
}

const batchSize = 32;
/** Texts that are asked at the same time: among so many, enough of similar length are found. Pixels take more room. */
const textsTogether = 1024;
const filesTogether = 256;
/** Files that are read and decoded at the same time. */
const decodedAtOnce = 8;
const listedFailures = 100;

function asksForPairs(network: TrainedNetwork, { embeddings }: PredictFileOptions): boolean {
  if (embeddings) return false;
  const { task, facts } = network.whole();
  return demoFormOf(findTask(task.type), facts.input.kind) === 'align-pair';
}

function asksForWords(network: TrainedNetwork, { embeddings }: PredictFileOptions): boolean {
  return !embeddings && network.whole().facts.tags !== undefined;
}

/** What is written of one question. */
interface Answered {
  readonly rows: readonly (readonly OutputCell[])[];
  readonly isTruncated: boolean;
}

interface Answerer extends AsyncDisposable {
  readonly step: number;
  readonly columns: readonly OutputColumn[];
  answer(asked: Asked): Promise<Answered>;
}

/**
 * Rows that cannot be used are in the table too, with the reason in the column `problem`. Throws `LabError`: `not-found` and
 * `bad-input` for an input or a model that does not fit, `conflict` for an output that is there, `disk-full`, `aborted`; nothing is
 * left of the output then.
 */
export async function predictFile(network: TrainedNetwork, options: PredictFileOptions): Promise<PredictFileResult> {
  const { input, output, signal, onProgress } = options;
  const facts = options.embeddings ? embeddedFacts(network) : network.whole().facts;
  if (facts.speech) {
    throw new LabError(
      'bad-input',
      options.embeddings
        ? 'Embeddings of texts need a tokenizer, and a voice reads characters'
        : `A voice answers with sound, which no table holds: pretext speak ${network.id} --input ${input} --output <folder> writes WAV files and a table of them`,
    );
  }
  const source =
    facts.input.kind === 'tokens'
      ? await openTexts(
          input,
          { ...options, hasPairs: asksForPairs(network, options), hasWords: asksForWords(network, options) },
          signal,
        )
      : await openFiles(input, facts, options, signal);
  await using answerer = await openAnswerer(network, options);
  const isText = facts.input.kind === 'tokens';
  const own: readonly OutputColumn[] = [
    ...answerer.columns,
    ...(isText ? [{ name: 'truncated', type: 'flag' } as const] : []),
    { name: 'problem', type: 'text' },
  ];
  const columns = named(source, own);
  const table = await createOutputTable(output, columns);
  const failures: PredictFileResult['failures'][number][] = [];
  let [answered, truncated, failed, done] = [0, 0, 0, 0];
  const together = isText ? textsTogether : filesTogether;
  const blank = answerer.columns.map(() => null);

  async function writeAll(items: readonly (Question | UnreadableQuestion)[]): Promise<void> {
    const results = await Promise.all(await prepared(items, (asked) => answerer.answer(asked)));
    const rows = items.flatMap((item, index) => {
      const result = results[index]!; // one for each
      const place = placeCells(item, source);
      if (typeof result === 'string') {
        failed += 1;
        if (failures.length < listedFailures) failures.push({ file: item.file, line: item.line, problem: result });
        return [[...place, ...blank, ...(isText ? [null] : []), result]];
      }
      answered += 1;
      truncated += Number(result.isTruncated);
      return result.rows.map((cells) => [...place, ...cells, ...(isText ? [result.isTruncated] : []), null]);
    });
    await table.write(rows);
    onProgress({ done, total: source.total, unit: source.unit, failed });
  }

  try {
    let waiting: (Question | UnreadableQuestion)[] = [];
    const questions = source.questions(signal, (count) => {
      done = count;
    });
    for await (const items of questions) {
      waiting.push(...items);
      while (waiting.length >= together) {
        await writeAll(waiting.slice(0, together));
        waiting = waiting.slice(together);
        if (signal.aborted) throw stopped(output);
      }
    }
    await writeAll(waiting);
    if (signal.aborted) throw stopped(output);
    if (answered === 0) throw nothingAnswered(input, failures, failed);
    await table.finish();
  } catch (error) {
    await table.abandon();
    throw signal.aborted && !isLabError(error) ? stopped(output) : error;
  }
  const { step } = answerer;
  const names = columns.map(({ name }) => name);
  return { run: network.id, step, output: table.path, answered, truncated, failed, failures, columns: names };
}

async function openAnswerer(network: TrainedNetwork, options: PredictFileOptions): Promise<Answerer> {
  return options.embeddings ? openVectors(network, options) : openAnswers(network, options);
}

async function openAnswers(network: TrainedNetwork, { top }: PredictFileOptions): Promise<Answerer> {
  const predictor = await openNetworkPredictor(network, batchSize);
  const wanted = answerColumns(findTask(predictor.task), predictor.facts, top);
  return {
    step: predictor.step,
    columns: wanted.columns,
    async answer(asked) {
      const answers = await predictor.ask({ ...asked, top: wanted.top });
      return { rows: wanted.rows(answers), isTruncated: answers.some(({ isTruncated }) => isTruncated) };
    },
    [Symbol.asyncDispose]: () => predictor[Symbol.asyncDispose](),
  };
}

async function openVectors(network: TrainedNetwork, { top }: PredictFileOptions): Promise<Answerer> {
  if (top !== undefined) {
    throw new LabError('bad-input', 'Embeddings have no top answers: leave out the number of them');
  }
  const { tokenizerFile, backbone, separators } = network;
  const read = { ...backbone.facts, ...(tokenizerFile !== undefined && { tokenizerFile }) };
  const embedder = await openEmbedder(network, batchSize);
  return {
    step: embedder.step,
    columns: [{ name: 'embedding', type: { vector: embedder.features } }],
    async answer(asked) {
      const { feeds, isTruncated } = encodeQuery(read, asked, separators);
      return { rows: [[await embedder.embed(feeds)]], isTruncated };
    },
    [Symbol.asyncDispose]: () => embedder[Symbol.asyncDispose](),
  };
}

/** The answers under way to all questions, or why there is none. Only what reading and answering refuse is a row's problem. */
async function prepared(
  items: readonly (Question | UnreadableQuestion)[],
  answer: (asked: Asked) => Promise<Answered>,
): Promise<Promise<Answered | string>[]> {
  const read = orderedMap(inOrder(items), decodedAtOnce, async (item): Promise<Asked | string> => {
    if ('problem' in item) return item.problem;
    try {
      return await item.read();
    } catch (error) {
      return problemOf(error);
    }
  });
  const asked: (Asked | string)[] = [];
  for await (const one of read) asked.push(one);
  return asked.map(async (one) => (typeof one === 'string' ? one : answer(one).catch(problemOf)));
}

async function* inOrder<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  for (const item of items) yield await Promise.resolve(item);
}

function problemOf(error: unknown): string {
  if (isLabError(error) && (error.code === 'bad-input' || error.code === 'too-large' || error.code === 'not-found')) {
    return error.message;
  }
  throw error;
}

/** Where a row is from and what stands beside it; our own columns give way to those of the input that have the same name. */
function named({ columns: kept, hasFiles, hasLines }: QuestionSource, own: readonly OutputColumn[]): OutputColumn[] {
  const taken = new Set(kept);
  const free = (column: OutputColumn): OutputColumn => {
    let { name } = column;
    while (taken.has(name)) name = `${name}_`;
    taken.add(name);
    return { ...column, name };
  };
  const place: OutputColumn[] = [
    ...(hasFiles ? [{ name: 'file', type: 'text' } as const] : []),
    ...(hasLines ? [{ name: 'line', type: 'integer' } as const] : []),
  ];
  return [...place.map(free), ...kept.map((name) => ({ name, type: 'text' }) as const), ...own.map(free)];
}

function placeCells(item: Question | UnreadableQuestion, { hasFiles, hasLines }: QuestionSource): OutputCell[] {
  return [...(hasFiles ? [item.file] : []), ...(hasLines ? [item.line] : []), ...item.kept];
}

function stopped(output: string): LabError {
  return new LabError('aborted', `Stopped; nothing was written to ${output}`);
}

function nothingAnswered(input: string, failures: PredictFileResult['failures'], failed: number): LabError {
  const lines = failures.slice(0, 3).map(({ file, line, problem }) => {
    return `  ${file}${line === null ? '' : `, line ${line}`}: ${problem}`;
  });
  if (failed > lines.length) lines.push(`  and ${failed - lines.length} more`);
  const why = lines.length === 0 ? ' It is empty.' : `\n${lines.join('\n')}`;
  return new LabError('bad-input', `Nothing in ${input} could be answered.${why}`, { input });
}
