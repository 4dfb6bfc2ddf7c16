/** `pretext predict`: asks a trained run. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { LabError } from '../../../shared/errors.ts';
import { headForQuestion, headThatContinues } from '../../runs/head-for-question.ts';
import type { Predictor } from '../../runs/predict.ts';
import { openNetworkPredictor } from '../../runs/predict.ts';
import { findTrainedNetwork } from '../../runs/trained-network.ts';
import { readQueryImage } from '../../runs/query-image.ts';
import { readQueryRecording } from '../../runs/query-recording.ts';
import type { PredictionAnswer } from '../../tasks/index.ts';
import { formatNumber, formatPercent, joinPieces } from '../../../shared/display.ts';
import { givenText } from './given-text.ts';
import { collect, globalsOf, existingWorkspaceOf } from './globals.ts';
import { positiveNumber } from './numbers.ts';
import { refuseOutOfPlace } from './out-of-place.ts';
import { emphasise, print, printJson, say, table } from './output.ts';
import type { FileOptions } from './predict-file.ts';
import { fileOptionNames, predictFiles } from './predict-file.ts';
import { addTableOptions } from './table-options.ts';

interface PredictOptions extends FileOptions {
  readonly top?: number;
  readonly checkpoint: 'best' | 'last';
  readonly head?: string;
  readonly next?: string;
  readonly choose?: readonly number[];
}

const defaultTop = 5;

/** `1,3` as numbers, counted from 1. */
function choicesOf(text: string): readonly number[] {
  const numbers = text.split(',').map(Number);
  if (numbers.every((number) => Number.isInteger(number) && number > 0)) return numbers;
  throw new InvalidArgumentError('Write the numbers of the answers with commas between them, e.g. 1,3.');
}

/** Asks for continuations, takes the chosen one, asks again; the last answers are those after all choices. */
async function continueWith(
  predictor: Predictor,
  beginning: string,
  { choose = [], top = defaultTop }: PredictOptions,
): Promise<readonly PredictionAnswer[]> {
  if (!predictor.generates) {
    throw new LabError(
      'bad-input',
      `--next is for language models, and the task of ${predictor.name} is ${predictor.task}`,
    );
  }
  const all: PredictionAnswer[] = [];
  let text = await givenText(beginning);
  for (const number of [...choose, undefined]) {
    const [answer] = await predictor.ask({ text, top: Math.max(top, number ?? 0) });
    if (!answer) break;
    all.push({ ...answer, choices: answer.choices.slice(0, top) });
    const chosen = number === undefined ? undefined : answer.choices[number - 1];
    if (chosen) text = chosen.continuation ?? joinPieces([text, chosen.label]);
  }
  return all;
}

/** What is given is read as the run's task takes it: a text, or the path of an image or of a recording. */
async function ask(
  { ask, facts: { images, audio }, task }: Predictor,
  given: string | undefined,
  textPair: string | undefined,
  { top = defaultTop }: PredictOptions,
): Promise<readonly PredictionAnswer[]> {
  if (given === undefined) {
    const wanted = images ? 'the path of an image' : audio ? 'the path of a sound file' : 'a text';
    throw new LabError('bad-input', `Give ${wanted}: the task is ${task}`);
  }
  if (images) return ask({ top, image: await readQueryImage(given, images) });
  if (audio) return ask({ top, recording: await readQueryRecording(given, audio) });
  const advice = `--input ${given} asks about every line or row of it`;
  const text = await givenText(given, advice);
  return ask({ top, text, ...(textPair !== undefined && { textPair: await givenText(textPair, advice) }) });
}

/** Whether the question is a file, which is answered then. */
async function askFile(
  reference: string,
  given: string | undefined,
  options: PredictOptions,
  command: Command,
): Promise<boolean> {
  const { input, output, next, choose, top, checkpoint, head } = options;
  if (input === undefined) {
    refuseOutOfPlace(command, fileOptionNames, 'without --input');
    return false;
  }
  if (given !== undefined) command.error(`error: --input has the questions already; what is '${given}' for?`);
  if (next !== undefined || choose !== undefined) command.error('error: --next has no effect with --input');
  if (output === undefined) command.error('error: --input needs --output <file>, a .csv, .jsonl or .parquet file');
  const how = { checkpoint, head, onPassedOver: say };
  const network = await findTrainedNetwork(await existingWorkspaceOf(command), reference, how);
  await predictFiles(network, top, { ...options, input, output }, command);
  return true;
}

/** Columns on a line. */
const wide = 60;

/** Rows above each other, with | where a column is more likely right than not, and : where it is less sure. */
function printAlignment({ first, second, probabilities }: NonNullable<PredictionAnswer['alignment']>): void {
  const marks = probabilities.map((sure) => (sure === null ? ' ' : sure >= 0.5 ? '|' : ':')).join('');
  for (let from = 0; from < first.length; from += wide) {
    for (const row of [first, marks, second]) print(row.slice(from, from + wide).trimEnd());
    print('');
  }
}

export function registerPredict(predict: Command): void {
  predict
    .argument(
      '<run|model>',
      "a run's id, the beginning of one, an experiment's name (its latest run), or an imported model",
    )
    .argument('[text|file]', 'the text, with [MASK]s where the task fills them in, or an image or sound file')
    .argument('[second]', 'the second text, for tasks on pairs')
    .option('-n, --next <beginning>', 'for a language model: the likeliest continuations of this text')
    .option('--choose <numbers>', 'with --next: go on with these answers, one after the other, e.g. 1,3', choicesOf)
    .option(
      '-t, --top <number>',
      'how many answers to show (default: 5; with --input the probability of every class)',
      positiveNumber,
    )
    .addOption(new Option('-c, --checkpoint <which>', 'which weights').choices(['best', 'last']).default('best'))
    .option('--head <task>', 'of an imported model: which of its heads answers (default: what the question asks for)')
    .option(
      '-i, --input <path>',
      'a table, .txt, FASTA or (of taggers) CoNLL file, a folder, images or recordings: every row or file is asked',
    )
    .option('-o, --output <file>', 'a new .csv, .jsonl or .parquet file for the answers')
    .option('--embeddings', 'with --input: the vectors of the backbone instead of answers')
    .option('--text-column <name>', "with --input: column with the text (default: 'text', or the only one)")
    .option('--pair-column <name>', 'with --input: column with the second text of a pair')
    .option(
      '--keep <column>',
      'with --input: a column to keep beside the answers (may be repeated; default: all)',
      collect,
    );
  addTableOptions(predict).action(
    async (
      reference: string,
      given: string | undefined,
      second: string | undefined,
      options: PredictOptions,
      command: Command,
    ) => {
      if (await askFile(reference, given, options, command)) return;
      if (options.next === undefined ? options.choose !== undefined : given !== undefined) {
        command.error(
          options.next === undefined
            ? 'error: --choose has no effect without --next'
            : `error: --next has the text already; what is '${given}' for?`,
        );
      }
      const network = await findTrainedNetwork(await existingWorkspaceOf(command), reference, {
        checkpoint: options.checkpoint,
        head: options.head ?? (options.next === undefined ? headForQuestion(given, second) : headThatContinues),
        onPassedOver: say,
      });
      const predictor = await openNetworkPredictor(network);
      try {
        const answers =
          options.next === undefined
            ? await ask(predictor, given, second, options)
            : await continueWith(predictor, options.next, options);
        if (globalsOf(command).json) {
          printJson({ run: predictor.id, step: predictor.step, answers });
          return;
        }
        if (predictor.facts.speech) {
          say(`A voice is heard: pretext speak ${predictor.id} '${given ?? ''}' out.wav writes what it says`);
        }
        for (const { question, choices, value, words, alignment, isTruncated } of answers) {
          if (isTruncated) say('The text is longer than the model reads: a part of it was left out');
          if (words) {
            print(
              table(
                [{ title: 'word' }, { title: 'tag' }, { title: 'probability', align: 'right' }],
                words.map(({ word, tag, probability }) => [word, tag, formatPercent(probability, 2)]),
              ),
            );
            continue;
          }
          if (alignment) printAlignment(alignment);
          if (value !== undefined) {
            print(`${emphasise(question, 'bold')}  ${formatNumber(value)}`);
            continue;
          }
          print(emphasise(question, 'bold'));
          const hasChosen = choices.some(({ isChosen }) => isChosen !== undefined);
          print(
            table(
              [
                { title: 'answer' },
                { title: 'probability', align: 'right' },
                ...(hasChosen ? [{ title: 'label' }] : []),
              ],
              choices.map(({ label, probability, isChosen }) => [
                isChosen ? emphasise(label, 'bold') : label,
                formatPercent(probability, 2),
                ...(hasChosen ? [isChosen ? 'yes' : 'no'] : []),
              ]),
            ),
          );
        }
      } finally {
        await predictor.close();
      }
    },
  );
}
