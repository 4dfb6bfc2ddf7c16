/** Lines of digits, the batches and metrics of the task that reads them, and what it says about networks that cannot. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openImageDataset } from '../../../../src/main/data/images/image-store.ts';
import { importImageDataset } from '../../../../src/main/data/images/import.ts';
import type { RawImage } from '../../../../src/main/data/images/source.ts';
import { digitLineShape, digitLineSource } from '../../../../src/main/data/samples/digit-lines.ts';
import { createOnnxRuntimeEngine } from '../../../../src/main/engines/onnxruntime/engine.ts';
import { initialParameters, resolvePipeline } from '../../../../src/main/nn/index.ts';
import { LOG_ZERO, ctcTargets } from '../../../../src/main/nn/ctc.ts';
import type { TaskSampler } from '../../../../src/main/tasks/index.ts';
import { findTask } from '../../../../src/main/tasks/index.ts';
import { transcriptionEvaluation } from '../../../../src/main/tasks/transcription/evaluation.ts';
import type { Model } from '../../../../src/main/training/model.ts';
import { buildModel } from '../../../../src/main/training/model.ts';

const task = findTask('transcription');
const lines = { train: 24, validation: 6, test: 8 };

let root: string;
let dataset: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pretext-lines-'));
  dataset = join(root, 'lines');
  await importImageDataset({
    source: digitLineSource({ lines, imagesPerDigit: 20 }),
    destination: dataset,
    name: 'lines',
    options: { size: digitLineShape, channels: 1, fit: 'stretch', nearDistance: 0 },
  });
});
afterAll(() => rm(root, { recursive: true, force: true }));

function open(options: Record<string, unknown> = {}): { sampler: TaskSampler; settings: unknown } {
  const settings = task.options.parse({ longest: 8, ...options });
  return { sampler: task.openSampler({ options: settings, dataFolder: dataset, splitSeed: 0 }), settings };
}

async function readLines(
  options: Parameters<typeof digitLineSource>[0],
): Promise<Map<string, { label: string; image: RawImage }>> {
  const found = new Map<string, { label: string; image: RawImage }>();
  for await (const entry of digitLineSource(options).entries(new AbortController().signal)) {
    if (!('read' in entry)) continue;
    const image = await entry.read();
    if ('data' in image) found.set(entry.path, { label: entry.label!, image });
  }
  return found;
}

describe('lines of digits', () => {
  it('have 3 to 8 digits with ink inside the line, and are the same every time', async () => {
    const again = await readLines({ lines, imagesPerDigit: 20 });
    const stored = openImageDataset(dataset);
    expect(again.size).toBe(38);
    for (let index = 0; index < stored.length; index++) {
      const { label, image } = again.get(stored.source(index).path)!;
      expect(label).toBe(stored.classes[stored.labels[index]!]);
      expect(Buffer.compare(image.data, stored.pixels(index))).toBe(0);
    }
    stored.close();
    const { height, width } = digitLineShape;
    for (const { label, image } of again.values()) {
      expect(label).toMatch(/^\d{3,8}$/);
      expect(image).toMatchObject({ height, width, channels: 1 });
      const lastColumn = Array.from({ length: height }, (_, row) => image.data[row * width + width - 1]!);
      expect(Math.max(...lastColumn)).toBeLessThan(60); // nothing is cut off
      expect(image.data.filter((value) => value > 128).length).toBeGreaterThan(40 * label.length);
    }
  });
});

describe('batches', () => {
  it('follow the folders and hold transcripts as CTC targets', () => {
    const { sampler } = open();
    expect(sampler.trainingExamples).toBe(24);
    expect(sampler.classes).toEqual('0123456789'.split(''));
    expect(sampler.evaluationBatchCount('validation', 4)).toBe(2);
    expect(sampler.evaluationBatchCount('test', 4)).toBe(2);
    const { places, skips, ends, weights, image } = sampler.evaluationBatch('validation', 1, 4);
    expect([...weights!]).toEqual([1, 1, 0, 0]);
    expect([...places!.subarray(2 * 17)].every((label) => label === 0)).toBe(true);
    expect(image!.length).toBe(4 * 32 * 192);
    expect(skips!.length).toBe(4 * 17);
    expect(ends!.filter((value) => value === 0).length).toBe(2 + 2 + 1 + 1);
    expect(sampler.preview(0, 2)[0]).toMatchObject({
      kind: 'image',
      width: 192,
      height: 32,
      note: expect.stringMatching(/^Transcript: \d{3,8}$/) as string,
    });
    expect(sampler.trainingBatch(3, 5, 4)).toEqual(sampler.trainingBatch(3, 5, 4));
    sampler.close();
  });

  it('write labels between blanks, and skips between labels that differ', () => {
    const { places, skips, ends } = ctcTargets([[2, 2, 5], []], 3);
    expect([...places]).toEqual([0, 2, 0, 2, 0, 5, 0, ...new Array<number>(7).fill(0)]);
    const no = Math.fround(LOG_ZERO);
    expect([...skips]).toEqual([no, no, no, no, no, 0, no, ...new Array<number>(7).fill(no)]);
    expect([...ends]).toEqual([no, no, no, no, no, 0, 0, 0, no, no, no, no, no, no]);
    expect(() => ctcTargets([[1, 2, 3, 4]], 3)).toThrow(RangeError);
  });

  it('are refused where a line of the training is tested with, unless told otherwise', async () => {
    const source = digitLineSource({ lines: { train: 3, validation: 2, test: 2 }, imagesPerDigit: 20 });
    const leaking = {
      ...source,
      async *entries(signal: AbortSignal) {
        for await (const entry of source.entries(signal)) {
          yield 'read' in entry && /^(train|test)\/0*1$/.test(entry.path) ? { ...entry, group: 'one writer' } : entry;
        }
      },
    };
    const folder = join(root, 'leaking');
    const preparation = { size: digitLineShape, channels: 1, fit: 'stretch', nearDistance: 0 } as const;
    await importImageDataset({ source: leaking, destination: folder, name: 'leaking', options: preparation });
    const openIt = (options: object): TaskSampler => {
      const settings = task.options.parse({ longest: 8, ...options });
      return task.openSampler({ options: settings, dataFolder: folder, splitSeed: 0 });
    };
    expect(() => openIt({})).toThrow(
      expect.objectContaining({
        code: 'bad-input',
        message: expect.stringMatching(
          /train\/0*1 \(training\) and test\/0*1 \(test\).*nearDuplicates: anywhere/,
        ) as string,
      }),
    );
    const allowed = openIt({ nearDuplicates: 'anywhere' });
    expect(allowed.trainingExamples).toBe(3);
    allowed.close();
  });

  it('are refused for transcripts longer than the task allows', () => {
    expect(() => open({ longest: 4 })).toThrow(/set task.longest to at least that \(it is 4\)/);
  });
});

describe('the network', () => {
  const modelOf = ({ sampler, settings }: ReturnType<typeof open>, pipeline: Model['pipeline']): Model => {
    const { input, classes } = sampler;
    return { task, options: settings, pipeline, facts: { input, classes: classes! } };
  };

  it('learns lines by heart', async () => {
    const opened = open();
    const pipeline = resolvePipeline({ preset: 'crnn', options: { width: 4, hiddenSize: 16 } });
    const model = modelOf(opened, pipeline);
    const engine = createOnnxRuntimeEngine();
    const program = buildModel(model, 'training', 4);
    const optimizer = { type: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weightDecay: 0, clipNorm: 1 } as const;
    const trainer = await engine.compile(program, { optimizer, threads: 1 });
    await trainer.importState({ parameters: initialParameters(program, 1) });
    const batch = opened.sampler.trainingBatch(0, 0, 4);
    const losses: number[] = [];
    for (let step = 0; step < 15; step++) {
      losses.push((await trainer.step([batch], { learningRate: 0.01, seed: 0, step })).scalars.loss!);
    }
    await trainer.release();
    opened.sampler.close();
    expect(losses.at(-1)).toBeLessThan(0.5 * losses[0]!);
  });

  it('is refused when it has fewer steps than a line has characters', () => {
    const opened = open({ longest: 64 });
    const pipeline = resolvePipeline({ preset: 'crnn', options: {} });
    expect(() => buildModel(modelOf(opened, pipeline), 'training', 2)).toThrow(
      'transcription of 64 characters needs as many steps, twice as many if they repeat; the sequence has 48',
    );
    opened.sampler.close();
  });
});

describe('the metrics', () => {
  it('count edits over all characters, and lines without any', () => {
    const alphabet = ['a', 'b'];
    const evaluation = transcriptionEvaluation(alphabet, 3, 1);
    const paths = [
      [1, 0, 2, 2],
      [1, 1, 0, 0],
      [2, 0, 2, 0],
    ];
    const data = Float32Array.from(
      paths.flatMap((path) => path.flatMap((best) => [0, 1, 2].map((label) => (label === best ? 5 : 0)))),
    );
    const targets = ctcTargets([[1, 2], [1, 2], [2, 2], []], 3);
    const logits = { shape: [4, 4, 3], data: Float32Array.from([...data, ...new Array<number>(12).fill(0)]) };
    const losses = { shape: [4], data: Float32Array.of(1, 2, 3, 100) };
    evaluation.add({ logits, losses }, { ...targets, weights: Float32Array.of(1, 1, 1, 0) });
    expect(evaluation.result()).toMatchObject({
      metrics: { loss: 2, characterErrorRate: 1 / 6, accuracy: 2 / 3 },
      correct: Uint8Array.of(1, 0, 1),
    });
  });
});
