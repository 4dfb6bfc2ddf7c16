// What demos and quizzes show of single examples: pictures as they are, recordings as far as they go, transcripts beside the truth.
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { demoFormOf } from '../../../src/main/tasks/demo-form.ts';
import { decodeQueryRecording } from '../../../src/main/runs/query-recording.ts';
import { embeddedItem } from '../../../src/main/work/embeddings.ts';
import { bytesOfDataUrl } from '../../../src/main/work/pictures.ts';
import type { RunData } from '../../../src/main/work/validation-examples.ts';
import { describeExample } from '../../../src/main/work/validation-examples.ts';
import type { TaskFacts } from '../../../src/main/tasks/index.ts';
import { findTask, registeredTasks } from '../../../src/main/tasks/index.ts';
import { nextAnswers } from '../../../src/main/tasks/text/answers.ts';
import { transcriptAnswers } from '../../../src/main/tasks/transcription/answers.ts';
import { frameOptions } from '../../../src/shared/spec/manifests/audio-dataset.ts';
import { tone, wavFile } from '../audio-fixtures.ts';
import type { TextTokenizer } from '../../../src/main/data/tokenizer/tokenizer.ts';

/** The grey values of a picture of one channel that is shown. */
async function shown(input: TaskFacts['input'], feeds: Parameters<typeof describeExample>[1]) {
  const data = { prepared: { model: { facts: { input } } }, tokenizer: undefined } as unknown as RunData; // all that is read of it
  const [item] = await describeExample(data, feeds);
  if (item?.kind !== 'image') throw new Error('no picture');
  const grey = await sharp(bytesOfDataUrl(item.picture.url)).greyscale().raw().toBuffer({ resolveWithObject: true });
  return { ...grey.info, values: new Set(grey.data) };
}

describe('an example that is shown', () => {
  it('is as bright as it is: a white patch stays white, a grey one grey', async () => {
    const input = { kind: 'image', height: 2, width: 2, channels: 1 } as const;
    expect((await shown(input, { image: new Float32Array(4).fill(1) })).values).toEqual(new Set([255]));
    expect((await shown(input, { image: new Float32Array(4).fill(0.4) })).values).toEqual(new Set([102]));
  });

  it('ends where the recording ends, not where the padding does', async () => {
    const input = { kind: 'frames', length: 12, features: 4 } as const;
    const mask = Float32Array.from({ length: 12 }, (_, step) => Number(step < 3));
    const { width, height } = await shown(input, { frames: new Float32Array(48), mask });
    expect(width / height).toBe(3 / 4);
  });
});

describe('an example of a projection', () => {
  it('shows both texts that one vector is of, but one of two pictures', () => {
    const text = (words: string) => ({ kind: 'text' as const, text: words });
    const image = (url: string) => ({ kind: 'image' as const, picture: { width: 1, height: 1, url } });
    expect(embeddedItem([text('he went'), text('to bed')])).toEqual(text('he went | to bed'));
    expect(embeddedItem([image('first'), image('second')])).toEqual(image('first'));
    expect(embeddedItem([text('alone')])).toEqual(text('alone'));
    expect(embeddedItem([])).toBeUndefined();
  });
});

describe('answers about transcripts', () => {
  const classes = ['a', 'b'];
  const facts: TaskFacts = { input: { kind: 'frames', length: 3, features: 1 }, classes };
  // Blank, a, b in three steps: certain of "a", a blank, then more of "b" than of nothing.
  const logits = { shape: [1, 3, 3], data: Float32Array.from([0, 9, 0, 9, 0, 0, 1, 0, 3]) };

  it('are the likeliest ones with their probabilities, and the transcript that was fed', () => {
    const feeds = { places: Int32Array.of(0, 1, 0, 2, 0), mask: new Float32Array(3).fill(1) };
    const [answer, ...others] = transcriptAnswers({ outputs: { logits }, feeds, facts, tokenizer: undefined, top: 2 });
    expect(others).toEqual([]);
    expect(answer).toMatchObject({ question: 'transcript', truth: 'ab' });
    expect(answer!.choices.map(({ label }) => label)).toEqual(['ab', 'a']);
    // The last step decides: e³ / (e¹ + e⁰ + e³) for a "b", where the steps before are all but certain.
    expect(answer!.choices[0]!.probability).toBeCloseTo(Math.exp(3) / (Math.E + 1 + Math.exp(3)), 2);
  });

  it('are none for a line that only fills up a batch', () => {
    const feeds = { places: new Int32Array(5), weights: Float32Array.of(0) };
    expect(transcriptAnswers({ outputs: { logits }, feeds, facts, tokenizer: undefined, top: 2 })).toEqual([]);
  });
});

describe('answers about the next token', () => {
  const facts: TaskFacts = { input: { kind: 'tokens', length: 3, vocabularySize: 4 } };
  const words = ['[PAD]', 'he', 'went', 'home'];
  const tokenizer = { token: (id: number) => words[id], isContinuation: () => false } as unknown as TextTokenizer; // all that is read of it
  const outputs = { nextLogits: { shape: [1, 4], data: Float32Array.from([0, 1, 0, 3]) } };
  const feeds = {
    nextPosition: Int32Array.of(2),
    nextLabels: Int32Array.of(1, 2, 3),
    nextWeights: Float32Array.of(1, 1, 1),
  };

  it('are the likeliest tokens after the window, beside the one that came', () => {
    const [answer, ...others] = nextAnswers({ outputs, feeds, facts, tokenizer, top: 2 });
    expect(others).toEqual([]);
    expect(answer).toMatchObject({ question: 'next token', truth: 'home' });
    expect(answer!.choices.map(({ label }) => label)).toEqual(['home', 'he']);
    expect(answer!.choices[0]!.probability).toBeCloseTo(Math.exp(3) / (Math.exp(3) + Math.E + 2), 6);
  });

  it('are none for a window that only fills up a batch', () => {
    const nothing = { ...feeds, nextWeights: new Float32Array(3) };
    expect(nextAnswers({ outputs, feeds: nothing, facts, tokenizer, top: 2 })).toEqual([]);
  });
});

describe('the form of a demo', () => {
  it('suits the task and what the network reads', () => {
    expect(demoFormOf(findTask('transcription'), 'image')).toBe('transcribe-image');
    expect(demoFormOf(findTask('transcription'), 'frames')).toBe('transcribe-sound');
    expect(demoFormOf(findTask('audio-classification'), 'frames')).toBe('classify-sound');
    expect(demoFormOf(findTask('masked-words-next-sentence'), 'tokens')).toBe('masked-words-and-pair');
    expect(demoFormOf({}, 'frames')).toBe('classify-sound');
    expect(demoFormOf({}, 'tokens')).toBe('other');
  });

  it('offers texts that can be asked as they are', () => {
    for (const { type, demo } of registeredTasks()) {
      for (const { text, textPair } of demo?.examples ?? []) {
        expect(text).not.toBe('');
        if (type === 'masked-words') expect([text.includes('[MASK]'), textPair]).toEqual([true, null]);
        if (demo?.form('tokens') === 'sentence-pair') expect(textPair).not.toBeNull();
        if (type === 'masked-words-next-sentence') expect(text.includes('[MASK]') || textPair !== null).toBe(true);
      }
    }
    expect(findTask('next-word').demo?.examples).not.toHaveLength(0);
    expect(findTask('text-classification').demo?.examples).toBeUndefined(); // those of its own data are offered
  });
});

describe('a recording that a model is asked about', () => {
  it('becomes frames of as many bands as the training had', async () => {
    const options = frameOptions.parse({ bands: 20 });
    const { frames } = await decodeQueryRecording(
      wavFile([tone(440, 0.5, 16_000)], 16_000, { bits: 16 }),
      'It',
      options,
    );
    expect(frames.length % 20).toBe(0);
    expect(frames.length).toBeGreaterThan(20);
  });

  it('is refused by its name when it is none', async () => {
    const options = frameOptions.parse({});
    await expect(decodeQueryRecording(Buffer.from('no sound'), 'The recording', options)).rejects.toThrow(
      /^The recording is not a WAV, FLAC, MP3 or Ogg Vorbis file/,
    );
  });
});
