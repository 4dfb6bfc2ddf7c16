// Answers to folders and tables of images: as those to each alone, also of tasks whose batch is one question.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PredictFileOptions } from '../../../src/main/runs/batch/predict-file.ts';
import { predictFile } from '../../../src/main/runs/batch/predict-file.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import { readQueryImage } from '../../../src/main/runs/query-image.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { networkOfRun } from '../../../src/main/runs/trained-network.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { picturePixels } from '../data-images-fixtures.ts';
import type { TinyImageWorkspace } from '../../tiny-images.ts';
import { createTinyImageWorkspace } from '../../tiny-images.ts';

const never = new AbortController().signal;
const images = 40;
let tiny: TinyImageWorkspace;

async function trained(name: string, task: string, data: string, pipeline: string): Promise<RunFolder> {
  const spec = `
name: ${name}
task: ${task}
data: ${data}
pipeline: ${pipeline}
engine: {threads: 1}
training: {steps: 2, batchSize: 4, evaluateEvery: 2}`;
  const run = await createRun(tiny.workspace, parseExperiment(parseSpecText(spec, `${name}.yaml`)));
  await trainRun(tiny.workspace, run, { signal: never, prefetch: false });
  return run;
}

const convolutional = '{preset: patch-cnn, options: {width: 4, features: 8}}';
const place = (name: string): string => join(tiny.folder, name);

beforeAll(async () => {
  tiny = await createTinyImageWorkspace();
  await mkdir(place('photos'));
  for (let index = 0; index < images; index += 1) {
    const raw = { width: 30, height: 24, channels: 3 as const };
    await sharp(picturePixels(index, 24, 30), { raw })
      .png()
      .toFile(join(place('photos'), `${100 + index}.png`));
  }
  await writeFile(join(place('photos'), '200.png'), 'not a picture');
});
afterAll(() => tiny.remove());

async function answers(
  run: RunFolder,
  options: Pick<PredictFileOptions, 'input' | 'output'> & Partial<PredictFileOptions>,
): Promise<Record<string, unknown>[]> {
  await predictFile(await networkOfRun(run), { signal: never, onProgress: () => undefined, ...options });
  const lines = (await readFile(options.output, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>); // as it was written
}

describe('the answers to a folder of images', () => {
  it.each([
    ['classes', '{type: image-classification}', 'colours', 3],
    ['turns', '{type: rotation}', 'pictures', 2],
    ['patches', '{type: patch-position, patchSize: 5, evaluationPairs: 8, fusion: 8}', 'pictures', 2],
    ['views', '{type: contrastive-views, projectionFeatures: 4}', 'pictures', 2],
  ])('of %s are those to each image alone', async (name, task, data, top) => {
    const run = await trained(name, task, data, convolutional);
    const rows = await answers(run, { input: place('photos'), output: place(`${name}.jsonl`), top });
    await using predictor = await openPredictor(run);
    let row = 0;
    for (let index = 0; index < images; index += 1) {
      const file = join(place('photos'), `${100 + index}.png`);
      const image = await readQueryImage(file, predictor.facts.images!);
      for (const { question, choices } of await predictor.ask({ image, top })) {
        const written = rows[row++]!;
        expect(written).toMatchObject({ file: `${100 + index}.png`, problem: null });
        if (name !== 'classes') expect(written.question).toBe(question);
        for (const [number, { probability }] of choices.entries()) {
          expect(written[number === 0 ? 'probability' : `probability_${number + 1}`]).toBeCloseTo(probability, 5);
        }
      }
    }
    expect(rows.slice(row)).toEqual([
      expect.objectContaining({ file: '200.png', problem: expect.stringContaining('cannot be used') }),
    ]);
  });

  it('that a table lists keep its columns, and embeddings are of the size of the network', async () => {
    const run = await trained('vectors', '{type: image-classification}', 'colours', convolutional);
    await writeFile(
      place('list.csv'),
      'id,path,note\n7,photos/100.png,"a, b"\n8,photos/300.png,\n9,photos/101.png,c\n',
    );
    const rows = await answers(run, { input: place('list.csv'), output: place('vectors.jsonl'), embeddings: true });
    expect(rows.map(({ line, id, path, note }) => [line, id, path, note])).toEqual([
      [2, '7', 'photos/100.png', 'a, b'],
      [3, '8', 'photos/300.png', ''],
      [4, '9', 'photos/101.png', 'c'],
    ]);
    expect(rows.map(({ embedding }) => (Array.isArray(embedding) ? embedding.length : embedding))).toEqual([
      8,
      null,
      8,
    ]);
    expect(rows[1]?.problem).toContain('cannot be read');
  });
});
