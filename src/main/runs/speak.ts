/** A trained voice speaks: one text into a WAV file, or all texts of a table into a folder, which another run may listen to. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorCode, LabError, isLabError } from '../../shared/errors.ts';
import { characterErrorRate, type TextPair } from '../../shared/text-distance.ts';
import { logMelFrames } from '../data/audio/log-mel.ts';
import { wavBytes } from '../data/audio/write-wav.ts';
import { createFolder } from '../files/durable-folder.ts';
import type { SpokenAnswer } from '../tasks/index.ts';
import type { Asked, Question, QuestionOptions, UnreadableQuestion } from './batch/question.ts';
import { openTexts } from './batch/text-questions.ts';
import type { Predictor } from './predict.ts';
import { openNetworkPredictor } from './predict.ts';
import type { TrainedNetwork } from './trained-network.ts';

export interface Spoken {
  readonly speech: SpokenAnswer;
  /** Its end is missing: it would be longer than any recording that the voice has learned from. */
  readonly isTruncated: boolean;
}

/** Throws `LabError('bad-input')` for a run that is no voice, and for a text that it cannot speak. */
export async function speakText(predictor: Predictor, text: string): Promise<Spoken> {
  if (!predictor.facts.speech) {
    throw new LabError(
      'bad-input',
      `${predictor.name} cannot speak: its task is ${predictor.task}. Take a run of speech-synthesis`,
    );
  }
  const [answer] = await predictor.ask({ text, top: 1 });
  if (!answer?.speech) throw new LabError('internal', 'a voice answers with speech');
  return { speech: answer.speech, isTruncated: answer.isTruncated ?? false };
}

/** Appears whole or not at all. Throws `LabError('conflict')` for a file that is there, unless it is to be replaced. */
export async function writeSpeech(file: string, { samples, rate }: SpokenAnswer, replace: boolean): Promise<void> {
  const path = resolve(file);
  const partial = `${path}.${String(process.pid)}.part`;
  try {
    if (replace) {
      await writeFile(partial, wavBytes(samples, rate), { flush: true });
      await rename(partial, path);
    } else await writeFile(path, wavBytes(samples, rate), { flag: 'wx', flush: true });
  } catch (error) {
    await rm(partial, { force: true });
    if (errorCode(error) === 'EEXIST') {
      throw new LabError('conflict', `${file} is there already. Choose another name, or replace it with --force`, {
        file,
      });
    }
    if (errorCode(error) === 'ENOENT') {
      throw new LabError('not-found', `There is no folder for ${file}`, { file }, error);
    }
    throw error;
  }
}

export interface SpeakAllOptions extends QuestionOptions {
  /** A table with texts, or a text file with one on each line. */
  readonly input: string;
  /** A folder that is not there yet. */
  readonly output: string;
  /** Writes down what it hears: a run of transcription on recordings. */
  readonly recogniser?: TrainedNetwork | undefined;
  /** Column with what the recogniser should write; the text itself without it. */
  readonly truthColumn?: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

export interface SpeakAllResult {
  readonly run: string;
  readonly step: number;
  readonly output: string;
  readonly spoken: number;
  readonly seconds: number;
  readonly truncated: number;
  readonly failures: readonly { readonly line: number | null; readonly problem: string }[];
  readonly heard?: { readonly run: string; readonly characterErrorRate: number } | undefined;
}

/** The table of the recordings, which `dataset import --audio` reads. */
const SPOKEN_TABLE = 'recordings.csv';

/**
 * Writes 0001.wav and so on, and a table of them with the columns path, text and label, and heard where a recogniser listens.
 * Throws `LabError`: `not-found` and `bad-input` for an input, a voice or a recogniser that does not fit, `conflict` for a folder that
 * is there, `aborted`; nothing is left of the folder then.
 */
export async function speakAll(voice: TrainedNetwork, options: SpeakAllOptions): Promise<SpeakAllResult> {
  const { input, signal, truthColumn, onProgress, recogniser } = options;
  const source = await openTexts(input, options, signal);
  const truthPlace = truthColumn === undefined ? -1 : source.columns.indexOf(truthColumn);
  if (truthColumn !== undefined && truthPlace < 0) {
    throw new LabError('bad-input', `${input} has no column '${truthColumn}'. It has: ${source.columns.join(', ')}`);
  }
  await using predictor = await openNetworkPredictor(voice);
  await using listener = recogniser && (await openNetworkPredictor(recogniser));
  const frames = listener?.facts.audio;
  if (listener && (!frames || listener.task !== 'transcription')) {
    throw new LabError('bad-input', `${listener.name} does not transcribe recordings: its task is ${listener.task}`);
  }
  return await createFolder(options.output, signal, async (folder) => {
    const rows = [['path', 'text', 'label', ...(listener ? ['heard'] : [])]];
    const failures: { line: number | null; problem: string }[] = [];
    const pairs: TextPair[] = [];
    let [seconds, truncated] = [0, 0];

    async function speak(item: Question | UnreadableQuestion): Promise<void> {
      const asked: Asked = 'problem' in item ? {} : await item.read();
      if ('problem' in item) {
        failures.push({ line: item.line, problem: item.problem });
        return;
      }
      const text = asked.text ?? '';
      const { speech, isTruncated } = await speakText(predictor, text);
      const path = `${String(rows.length).padStart(4, '0')}.wav`;
      await writeFile(join(folder, path), wavBytes(speech.samples, speech.rate));
      seconds += speech.samples.length / speech.rate;
      truncated += Number(isTruncated);
      const truth = (truthPlace < 0 ? undefined : item.kept[truthPlace]) ?? text;
      const row = [path, text, truth];
      if (listener && frames) {
        const recording = { frames: logMelFrames(speech.samples, speech.rate, frames) };
        const [answer] = await listener.ask({ recording, top: 1 });
        const hypothesis = answer?.choices[0]?.label ?? '';
        pairs.push({ reference: truth, hypothesis });
        row.push(hypothesis);
      }
      rows.push(row);
    }

    for await (const items of source.questions(signal, (done) => {
      onProgress(done, source.total);
    })) {
      for (const item of items) {
        signal.throwIfAborted();
        await speak(item).catch((error: unknown) => {
          if (!isLabError(error, 'bad-input')) throw error;
          failures.push({ line: item.line, problem: error.message });
        });
      }
    }
    const [first] = failures;
    if (rows.length === 1) {
      throw new LabError(
        'bad-input',
        `Nothing in ${input} can be spoken.${first ? ` ${first.problem}` : ' It is empty.'}`,
      );
    }
    await writeFile(join(folder, SPOKEN_TABLE), `${rows.map((row) => row.map(cell).join(',')).join('\n')}\n`);
    return {
      run: voice.id,
      step: predictor.step,
      output: resolve(options.output),
      spoken: rows.length - 1,
      seconds,
      truncated,
      failures,
      ...(listener && { heard: { run: listener.id, characterErrorRate: characterErrorRate(pairs) } }),
    };
  });
}

function cell(text: string): string {
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
