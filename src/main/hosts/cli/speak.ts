/** `pretext speak`: a trained voice says a text, or all texts of a table. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { formatCount, formatNumber, formatPercent, plural } from '../../../shared/display.ts';
import { openNetworkPredictor } from '../../runs/predict.ts';
import { speakAll, speakText, writeSpeech } from '../../runs/speak.ts';
import { findTrainedNetwork } from '../../runs/trained-network.ts';
import { givenText } from './given-text.ts';
import { existingWorkspaceOf, globalsOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { refuseOutOfPlace } from './out-of-place.ts';
import { print, printJson, say } from './output.ts';
import { createProgress } from './progress.ts';
import type { TableOptions } from './table-options.ts';
import { addTableOptions, textTableOptionsOf } from './table-options.ts';

interface SpeakOptions extends TableOptions {
  readonly checkpoint: 'best' | 'last';
  readonly force?: boolean;
  readonly input?: string;
  readonly output?: string;
  readonly textColumn?: string;
  readonly recogniser?: string;
  readonly truthColumn?: string;
}

const fileOptions = ['output', 'textColumn', 'recogniser', 'truthColumn', 'encoding', 'header', 'quote'];
/** Texts that cannot be spoken that are named on the screen. */
const namedFailures = 10;

export function registerSpeak(speak: Command): void {
  speak
    .argument(
      '<run>',
      "a run of speech-synthesis: its id, the beginning of one, or an experiment's name (its latest run)",
    )
    .argument('[text]', 'what to say')
    .argument('[file]', 'a new WAV file')
    .addOption(new Option('-c, --checkpoint <which>', 'which weights').choices(['best', 'last']).default('best'))
    .option('--force', 'replace the WAV file if it is there')
    .option('-i, --input <path>', 'a table, or a text file with a text on each line: everything is spoken')
    .option('-o, --output <folder>', 'with --input: a new folder for the WAV files and a table of them')
    .option('--text-column <name>', "with --input: column with the text (default: 'text', or the only one)")
    .option(
      '--recogniser <run>',
      'with --input: a run of transcription that writes down what it hears, which is compared',
    )
    .option('--truth-column <name>', 'with --recogniser: column with what it should write (default: the text)');
  addTableOptions(speak).action(
    async (
      reference: string,
      given: string | undefined,
      file: string | undefined,
      options: SpeakOptions,
      command: Command,
    ) => {
      if (options.input !== undefined) {
        await speakFile(reference, given, options, command);
        return;
      }
      refuseOutOfPlace(command, fileOptions, 'without --input');
      if (given === undefined || file === undefined) {
        command.error('error: give a text and a new WAV file, or a table with --input');
      }
      const text = await givenText(given, `--input ${given} speaks every line or row of it`);
      const network = await findTrainedNetwork(await existingWorkspaceOf(command), reference, {
        checkpoint: options.checkpoint,
        onPassedOver: say,
      });
      await using predictor = await openNetworkPredictor(network);
      const { speech, isTruncated } = await speakText(predictor, text);
      await writeSpeech(file, speech, options.force ?? false);
      if (isTruncated) say('The speech is longer than any recording that the voice was trained on: its end is missing');
      const seconds = speech.samples.length / speech.rate;
      if (globalsOf(command).json) {
        printJson({ run: predictor.id, step: predictor.step, file, seconds, rate: speech.rate, isTruncated });
      } else {
        print(`${file}: ${formatNumber(seconds, 2)} s, spoken by ${predictor.id}, step ${formatCount(predictor.step)}`);
      }
    },
  );
}

async function speakFile(
  reference: string,
  given: string | undefined,
  options: SpeakOptions,
  command: Command,
): Promise<void> {
  const { input, output, textColumn, truthColumn, checkpoint } = options;
  if (given !== undefined) command.error(`error: --input has the texts already; what is '${given}' for?`);
  if (options.force) command.error('error: --force has no effect with --input, whose folder is new');
  if (input === undefined || output === undefined) {
    command.error('error: --input needs --output <folder>, a new folder');
  }
  if (options.recogniser === undefined) refuseOutOfPlace(command, ['truthColumn'], 'without --recogniser');
  const workspace = await existingWorkspaceOf(command);
  const voice = await findTrainedNetwork(workspace, reference, { checkpoint, onPassedOver: say });
  const recogniser =
    options.recogniser === undefined
      ? undefined
      : await findTrainedNetwork(workspace, options.recogniser, { checkpoint, onPassedOver: say });
  const progress = createProgress();
  const result = await interruptible('Stopping; nothing will be kept …', async (signal) => {
    let hasBegun = false;
    try {
      return await speakAll(voice, {
        ...textTableOptionsOf(options),
        ...{ input, output, textColumn, truthColumn, recogniser, signal },
        onProgress(done, total) {
          if (!hasBegun) progress.start('Speaking', total, 'bytes', 0);
          hasBegun = true;
          progress.update(done, '');
        },
      });
    } finally {
      progress.stop();
    }
  });
  const { failures, truncated, heard } = result;
  if (truncated > 0) {
    say(`${plural(truncated, 'text')}: the end is missing, being longer than any recording of the training`);
  }
  for (const { line, problem } of failures.slice(0, namedFailures)) {
    say(`${line === null ? input : `line ${String(line)}`}: ${problem}`);
  }
  if (failures.length > namedFailures) say(`and ${formatCount(failures.length - namedFailures)} more`);
  if (globalsOf(command).json) {
    printJson(result);
    return;
  }
  print(
    `${result.output}: ${plural(result.spoken, 'recording')} of ${formatNumber(result.seconds, 1)} s by ${result.run}`,
  );
  if (heard) {
    print(`${heard.run} reads them with a character error rate of ${formatPercent(heard.characterErrorRate, 1)}`);
  }
}
