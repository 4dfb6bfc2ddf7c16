// A voice to the end of a run: it learns from texts and recordings alone which sound is which letter and how long each lasts.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logMelFrames } from '../../../src/main/data/audio/log-mel.ts';
import { decodeRecording } from '../../../src/main/data/audio/recording.ts';
import { predictFile } from '../../../src/main/runs/batch/predict-file.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { exportRun } from '../../../src/main/runs/export/index.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import { speakAll, speakText, writeSpeech } from '../../../src/main/runs/speak.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { networkOfRun } from '../../../src/main/runs/trained-network.ts';
import { openVoiceMaterial, tokensOfText } from '../../../src/main/tasks/speech/voice-material.ts';
import { checkpointFolder } from '../../../src/main/workspace/checkpoint-folders.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace } from '../../tiny-workspace.ts';
import { importMelodies, melodyFrames, melodyTexts } from '../tasks/speech/melodies.ts';

const { signal } = new AbortController();
let tiny: TinyWorkspace;
let voice: RunFolder;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  await importMelodies(tiny.folder, join(tiny.workspace.datasets, 'melodies'), melodyTexts);
  voice = await train('voice', 160);
}, 300_000);
afterAll(() => tiny.remove());

function spec(name: string, steps: number, task = '', data = 'melodies') {
  const text = `name: ${name}
engine: {threads: 1}
task: {type: speech-synthesis, longest: 4, decoderSize: 24${task}}
data: ${data}
pipeline: {preset: character-lstm, options: {hiddenSize: 16}}
evaluation: {leaks: ignore}
training: {steps: ${String(steps)}, batchSize: 8, learningRate: 5e-3, evaluateEvery: ${String(Math.ceil(steps / 2))}, checkpointEvery: 2, logEvery: 50}`;
  return parseExperiment(parseSpecText(text, `${name}.yaml`));
}

async function train(name: string, steps: number): Promise<RunFolder> {
  const run = await createRun(tiny.workspace, spec(name, steps));
  await trainRun(tiny.workspace, run, { signal, prefetch: false });
  return run;
}

describe('a voice', () => {
  it('is nearer to recordings that it has not heard than the mean frame', async () => {
    const { result } = await readRun(voice);
    const [baseline] = result!.baselines;
    expect(baseline?.name).toBe('mean frame');
    const { melCepstralDistance, melError, lengthError } = result!.test!.metrics;
    expect(melCepstralDistance).toBeLessThan(0.3 * baseline!.metrics.melCepstralDistance!);
    expect(melError).toBeLessThan(0.5 * baseline!.metrics.melError!);
    expect(lengthError).toBeLessThan(0.15);
  });

  it('lets letters last as they do in recordings, and sound as they do', async () => {
    await using predictor = await openPredictor(voice);
    const { speech, isTruncated } = await speakText(predictor, 'bca');
    expect(isTruncated).toBe(false);
    expect(speech.rate).toBe(8000);
    expect(speech.characters.map(({ character }) => character)).toEqual(['b', 'c', 'a']);
    // 0.2, 0.08 and 0.12 s in frames of 10 ms.
    const [b, c, a] = speech.characters.map(({ frames }) => frames);
    expect(Math.abs(b! - 20)).toBeLessThan(5);
    expect(Math.abs(c! - 8)).toBeLessThan(4);
    expect(Math.abs(a! - 12)).toBeLessThan(5);
    const frames = logMelFrames(speech.samples, speech.rate, predictor.facts.speech!.frames);
    const loudest = (frame: number): number => {
      const row = [...frames.subarray(frame * 12, (frame + 1) * 12)];
      return row.indexOf(Math.max(...row));
    };
    const [ofB, ofC, ofA] = [b! / 2, b! + c! / 2, b! + c! + a! / 2].map((frame) => loudest(Math.floor(frame)));
    expect(ofA! < ofB! && ofB! < ofC!).toBe(true);
  });

  it('goes on after a stop as if there had been none, to the bit', async () => {
    const whole = await train('whole', 6);
    const run = await createRun(tiny.workspace, spec('halves', 6));
    const stop = new AbortController();
    const onStep = (step: number): void => {
      if (step === 3) stop.abort();
    };
    expect(await trainRun(tiny.workspace, run, { signal: stop.signal, prefetch: false, onStep })).toBeUndefined();
    await trainRun(tiny.workspace, run, { signal, prefetch: false });
    const weights = ({ checkpoints }: RunFolder): Buffer =>
      readFileSync(join(checkpointFolder(checkpoints, 6), 'model.safetensors'));
    expect(Buffer.compare(weights(run), weights(whole))).toBe(0);
  });
});

describe('a voice that leaves the lab', () => {
  it('says the same, asked as its README says', async () => {
    const folder = join(tiny.folder, 'exported');
    await exportRun(tiny.workspace, voice, { folder, format: 'onnx' });
    const about = z
      .object({
        preprocessing: z.object({
          alphabet: z.array(z.string()),
          stepFrames: z.number(),
          extraction: z.object({ bands: z.number() }),
        }),
      })
      .parse(JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')));
    const { alphabet, stepFrames, extraction } = about.preprocessing;
    const ids = Array.from('cab', (letter) => alphabet.indexOf(letter) + 1);
    const row = (value: (place: number) => number): Tensor =>
      new Tensor(
        'int64',
        BigInt64Array.from({ length: 4 }, (_, place) => BigInt(value(place))),
        [1, 4],
      );
    const session = await InferenceSession.create(join(folder, 'model.onnx'));
    const { spoken, durations } = await session.run({
      input_ids: row((place) => ids[place] ?? 0),
      attention_mask: row((place) => Number(place < ids.length)),
    });
    await session.release();
    const [frames, lasting] = [spoken!, durations!].map(({ data }) => Array.from(data, Number)) as [number[], number[]];
    const count = Math.round(stepFrames * lasting.reduce((sum, one) => sum + one, 0));
    await using predictor = await openPredictor(voice);
    const { speech } = await speakText(predictor, 'cab');
    expect(speech.frames).toHaveLength(count * extraction.bands);
    speech.frames.forEach((value, place) => expect(Math.abs(value - frames[place]!)).toBeLessThan(1e-3));
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).not.toMatch(/tokenizer/iu);
  });
});

describe('what is spoken', () => {
  it('is a WAV file, which is not written over another', async () => {
    await using predictor = await openPredictor(voice);
    const { speech } = await speakText(predictor, ' ab ');
    const file = join(tiny.folder, 'out.wav');
    await writeSpeech(file, speech, false);
    const { samples, rate } = await decodeRecording(readFileSync(file));
    expect([samples.length, rate]).toEqual([speech.samples.length, 8000]);
    await expect(writeSpeech(file, speech, false)).rejects.toMatchObject({ code: 'conflict' });
    await writeSpeech(file, speech, true);
    await expect(writeSpeech(join(tiny.folder, 'none', 'out.wav'), speech, false)).rejects.toMatchObject({
      code: 'not-found',
    });
    expect(readdirSync(tiny.folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it.each([
    ['a%b', /never heard '%'\. It knows 'a' 'b' 'c'/],
    [' ', /empty/],
    ['abcab', /5 characters, and the voice reads 4/],
  ])('is not %j', async (text, message) => {
    await using predictor = await openPredictor(voice);
    await expect(speakText(predictor, text)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(message),
    });
  });

  it('knows which characters are in texts of the test alone', () => {
    const options = { longest: 4, stepFrames: 2, dynamicRange: 60, validationFraction: 0.1, testFraction: 0.2 };
    const dataFolder = join(tiny.workspace.datasets, 'melodies');
    const opened = (total: number | undefined) => {
      const material = openVoiceMaterial({
        dataFolder,
        splitSeed: 1,
        options: { ...options, nearDuplicates: 'together', labelBudget: { total } },
      });
      material.close();
      return material.facts;
    };
    expect(opened(undefined).unheard).toBeUndefined();
    const facts = opened(1);
    expect(facts.alphabet).toEqual(['a', 'b', 'c']);
    expect(facts.unheard).toEqual(['c']); // the first recording for training is “ab”
    expect(() => tokensOfText('bc', facts, 4)).toThrow(/never heard 'c'\. It knows 'a' 'b':/);
    expect([...tokensOfText('ba', facts, 4)]).toEqual([2, 1, 0, 0]);
  });

  it('may be a whole table, with a list of the recordings; rows that cannot be spoken are named', async () => {
    const input = join(tiny.folder, 'texts.csv');
    writeFileSync(input, 'text,said\nab,first\n"b,a",second\nCAB,third\n');
    const output = join(tiny.folder, 'spoken');
    const result = await speakAll(await networkOfRun(voice), { input, output, signal, onProgress: () => undefined });
    expect(result).toMatchObject({ spoken: 2, truncated: 0, run: voice.id });
    expect(result.failures).toEqual([{ line: 3, problem: expect.stringContaining("','") }]);
    expect(readFileSync(join(output, 'recordings.csv'), 'utf8')).toBe(
      'path,text,label\n0001.wav,ab,ab\n0002.wav,CAB,CAB\n',
    );
    expect(existsSync(join(output, '0002.wav'))).toBe(true);
    const again = { input, output, signal, onProgress: () => undefined };
    await expect(speakAll(await networkOfRun(voice), again)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('is heard only by what writes down recordings, and not put into tables of answers', async () => {
    const network = await networkOfRun(voice);
    const input = join(tiny.folder, 'texts.csv');
    const output = join(tiny.folder, 'heard');
    const options = { input, output, signal, onProgress: () => undefined };
    await expect(speakAll(network, { ...options, recogniser: network })).rejects.toThrow(/does not transcribe/);
    await expect(speakAll(network, { ...options, truthColumn: 'heard' })).rejects.toThrow(/has no column 'heard'/);
    expect(existsSync(output)).toBe(false);
    await expect(predictFile(network, { ...options, output: `${output}.csv` })).rejects.toThrow(/pretext speak/);
  });
});

describe('a dataset that no voice can learn from', () => {
  it('has normalised frames, or more characters than steps', async () => {
    await importMelodies(tiny.folder, join(tiny.workspace.datasets, 'levelled'), melodyTexts, {
      bands: 12,
      maximumFrequency: 3900,
    });
    await importMelodies(tiny.folder, join(tiny.workspace.datasets, 'slow'), melodyTexts, {
      ...melodyFrames,
      hopMilliseconds: 40,
    });
    const attempt = async (experiment: ReturnType<typeof spec>): Promise<unknown> => {
      const run = await createRun(tiny.workspace, experiment);
      return trainRun(tiny.workspace, run, { signal, prefetch: false });
    };
    await expect(attempt(spec('levelled', 2, '', 'levelled'))).rejects.toThrow(/normalise=false/);
    await expect(attempt(spec('coarse', 2, ', stepFrames: 12', 'slow'))).rejects.toThrow(
      /has 3 characters and \d steps? of 12 frames/,
    );
  });
});
