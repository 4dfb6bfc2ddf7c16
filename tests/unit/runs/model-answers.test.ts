// Imported models wherever a run is asked: files of questions, embeddings, probes, continued texts, and what pages ask.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importTextDataset } from '../../../src/main/data/text/import-dataset.ts';
import { predictFile } from '../../../src/main/runs/batch/predict-file.ts';
import { importModel } from '../../../src/main/runs/import-model.ts';
import { openNetworkPredictor } from '../../../src/main/runs/predict.ts';
import { probeNetwork } from '../../../src/main/runs/probe.ts';
import { findTrainedNetwork } from '../../../src/main/runs/trained-network.ts';
import { continueText } from '../../../src/main/work/continue-text.ts';
import { embedExamples } from '../../../src/main/work/embeddings.ts';
import { askModel } from '../../../src/main/work/models.ts';
import type { TinyImageWorkspace } from '../../tiny-images.ts';
import { createTinyImageWorkspace } from '../../tiny-images.ts';
import { tinyDocument } from '../../tiny-workspace.ts';

const fixture = (name: string): string => path.resolve(import.meta.dirname, '../../fixtures/models', name);
const quiet = { signal: new AbortController().signal };
let tiny: TinyImageWorkspace;
const place = (name: string): string => path.join(tiny.folder, name);
const context = () => ({ workspace: tiny.workspace, ...quiet, progress: () => undefined });

beforeAll(async () => {
  tiny = await createTinyImageWorkspace();
  for (const name of ['bert', 'bert-classifier', 'gpt2', 'minilm', 'vit-transformers', 'resnet-transformers']) {
    await importModel(tiny.workspace, name, fixture(name), quiet);
  }
  const rows = Array.from({ length: 40 }, (_, index) =>
    JSON.stringify({ label: index % 2 === 0 ? 'even' : 'odd', text: tinyDocument(index).slice(0, 40) }),
  );
  await writeFile(place('rows.jsonl'), rows.join('\n'));
  const sources = [place('rows.jsonl')];
  await importTextDataset({ sources, folder: path.join(tiny.workspace.datasets, 'rows'), name: 'rows' });
});
afterAll(() => tiny.remove());

async function fileAnswers(model: string, options: { readonly embeddings?: boolean }) {
  const output = place(`${model}.jsonl`);
  const network = await findTrainedNetwork(tiny.workspace, model);
  await predictFile(network, { input: place('rows.jsonl'), output, onProgress: () => undefined, ...quiet, ...options });
  const lines = (await readFile(output, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>); // as it was written
}

describe('a model answers', () => {
  it('all that a file holds, as each question alone', async () => {
    const rows = await fileAnswers('bert-classifier', {});
    expect(rows).toHaveLength(40);
    await using predictor = await openNetworkPredictor(await findTrainedNetwork(tiny.workspace, 'bert-classifier'));
    const [answer] = await predictor.ask({ text: tinyDocument(7).slice(0, 40), top: 3 });
    for (const { label, probability } of answer!.choices) expect(rows[7]![`p(${label})`]).toBeCloseTo(probability, 5);
  });

  it('with vectors where it has no head', async () => {
    const rows = await fileAnswers('minilm', { embeddings: true });
    expect(rows.map(({ embedding }) => (embedding as number[]).length)).toEqual(new Array<number>(40).fill(8));
  });

  it('of which class an image is, by the names of its own config', async () => {
    await using predictor = await openNetworkPredictor(await findTrainedNetwork(tiny.workspace, 'resnet-transformers'));
    const { height, width } = predictor.facts.images!;
    const image = { height, width, channels: 3, pixels: new Uint8Array(height * width * 3).fill(90) };
    const [answer] = await predictor.ask({ image, top: 3 });
    expect(answer!.choices.map(({ label }) => label).sort()).toEqual(['bird', 'cat', 'dog']);
  });
});

describe('a probe of a model', () => {
  it('reads the images of a dataset in the size of the network', async () => {
    const network = await findTrainedNetwork(tiny.workspace, 'vit-transformers');
    const result = await probeNetwork(tiny.workspace, network, { data: 'colours', ...quiet });
    expect(result).toMatchObject({ run: 'vit-transformers', step: 0, data: 'colours' });
    expect(result.trained.stages.length).toBeGreaterThan(0);
    expect(result.trained.best.linear.test).toBeGreaterThanOrEqual(0);
    expect(result.trained.best.neighbours.stage).not.toBe('');
  });
});

describe('what pages ask of a model', () => {
  it('is answered by the head that is named', async () => {
    const ask = (head: string, text: string, textPair?: string) =>
      askModel(context(), {
        run: `model:bert:${head}`,
        checkpoint: 'best',
        text,
        top: 2,
        ...(textPair !== undefined && { textPair }),
      });
    const masked = await ask('masked-words', 'the [MASK] sat');
    expect(masked).toMatchObject({ step: 0, answers: [{ choices: [{}, {}] }] });
    const pair = await ask('next-sentence', 'the cat sat.', 'the dog ran.');
    expect(pair.answers[0]!.choices).toHaveLength(2);
    await expect(ask('rotation', 'a')).rejects.toThrow(/no head for rotation/u);
  });

  it('is continued by a language model', async () => {
    const continued = await continueText(context(), {
      run: 'model:gpt2',
      checkpoint: 'best',
      text: 'the cat',
      words: 3,
      temperature: 0,
      seed: 0,
    });
    expect(continued.added).toHaveLength(3);
    expect(continued.text.startsWith('the cat')).toBe(true);
  });

  it.each([
    ['minilm', 'rows', 12],
    ['vit-transformers', 'colours', 18],
    ['resnet-transformers', 'pictures', 4],
  ])('are embeddings of data that it was not trained on: %s of %s', async (model, data, least) => {
    const found = await embedExamples(context(), {
      run: `model:${model}`,
      checkpoint: 'best',
      data,
      count: 50,
      method: 'principal-components',
    });
    expect(found.run).toBe(model);
    expect(found.points.length).toBeGreaterThanOrEqual(least);
  });

  it('needs data for its embeddings', async () => {
    const asked = { run: 'model:minilm', checkpoint: 'best', count: 50, method: 'principal-components' } as const;
    await expect(embedExamples(context(), asked)).rejects.toThrow(/no data of its own/u);
  });
});
