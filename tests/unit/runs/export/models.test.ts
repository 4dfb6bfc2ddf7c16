// Imported models leave the lab as runs do: those with a head answer as their own library did, those without one give their features.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../../../src/main/formats/safetensors.ts';
import { exportFormatsOf, exportNetwork } from '../../../../src/main/runs/export/index.ts';
import type { ExportOrigin } from '../../../../src/main/runs/export/source.ts';
import { importModel } from '../../../../src/main/runs/import-model.ts';
import { openNetworkPredictor } from '../../../../src/main/runs/predict.ts';
import { networkOfModel } from '../../../../src/main/runs/trained-network.ts';
import { findModel } from '../../../../src/main/workspace/models.ts';
import { createTinyWorkspace } from '../../../tiny-workspace.ts';
import type { TinyWorkspace } from '../../../tiny-workspace.ts';
import { fixture, relativeError } from '../../models/recorded.ts';
import { loadGraphModelFrom } from './graph-model.ts';

let tiny: TinyWorkspace;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const { signal } = new AbortController();
  for (const name of ['bert', 'bert-classifier', 'minilm', 'roberta']) {
    await importModel(tiny.workspace, name, fixture(name), { signal });
  }
});
afterAll(() => tiny.remove());

async function originOf(name: string, head?: string): Promise<ExportOrigin> {
  return { kind: 'model', model: await findModel(tiny.workspace, name), head };
}

/** What the exported network answers to the recorded texts. */
async function answersOf(folder: string, name: string) {
  const { tensors } = await readSafetensors(join(fixture(name), 'outputs.safetensors'));
  const session = await InferenceSession.create(join(folder, 'model.onnx'), { intraOpNumThreads: 1 });
  const { shape } = tensors.get('tokens')!;
  const feed = (values: ArrayLike<number>): Tensor =>
    new Tensor('int64', BigInt64Array.from(Array.from(values, BigInt)), shape);
  const ones = new Int32Array(shape.reduce((product, size) => product * size, 1)).fill(1);
  const given: Readonly<Record<string, ArrayLike<number>>> = {
    input_ids: tensors.get('tokens')!.data,
    attention_mask: tensors.get('mask')?.data ?? ones,
    token_type_ids: tensors.get('segments')?.data ?? ones.map(() => 0),
  };
  const outputs = await session.run(
    Object.fromEntries(session.inputNames.map((input) => [input, feed(given[input] ?? [])])),
  );
  await session.release();
  return { outputs, recorded: tensors };
}

describe('a model as ONNX', () => {
  it('answers with its head', async () => {
    const { folder } = await exportNetwork(tiny.workspace, await originOf('bert-classifier'), {
      folder: join(tiny.folder, 'classifier'),
      format: 'onnx',
    });
    const { outputs, recorded } = await answersOf(folder, 'bert-classifier');
    expect(relativeError(outputs.logits!.data as Float32Array, recorded.get('logits')!.data)).toBeLessThan(1e-5);
    const about: unknown = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'));
    expect(about).toMatchObject({
      name: 'bert-classifier',
      run: null,
      model: { name: 'bert-classifier', title: 'BERT, 2 layers of 8 features' },
      labels: ['bad', 'middling', 'good'],
    });
  });

  it('gives its features where it has no head', async () => {
    const { folder } = await exportNetwork(tiny.workspace, await originOf('minilm'), {
      folder: join(tiny.folder, 'features'),
      format: 'onnx',
    });
    const { outputs, recorded } = await answersOf(folder, 'minilm');
    const { data, dims } = outputs.last_hidden_state!;
    expect(dims).toEqual(recorded.get('sequence')!.shape);
    expect(relativeError(data as Float32Array, recorded.get('sequence')!.data)).toBeLessThan(1e-5);
  });

  it('has a README with the marks of its own tokenizer', async () => {
    const request = { folder: join(tiny.folder, 'marks'), format: 'onnx' };
    const { folder } = await exportNetwork(tiny.workspace, await originOf('roberta'), request);
    const readme = await readFile(join(folder, 'README.md'), 'utf8');
    expect(readme).toContain('<mask>');
    expect(readme).not.toContain('[MASK]');
  });

  it.each(['bert-classifier', 'minilm'])('is a graph model for TensorFlow.js, too: %s', async (name) => {
    const request = { folder: join(tiny.folder, `${name}-tfjs`), format: 'tfjs' };
    const { folder } = await exportNetwork(tiny.workspace, await originOf(name), request);
    const loaded = await loadGraphModelFrom(folder);
    const { tensors } = await readSafetensors(join(fixture(name), 'outputs.safetensors'));
    const { shape } = tensors.get('tokens')!;
    const row = (of: string, otherwise: number) => {
      const ids = tensors.get(of)?.data ?? new Int32Array(shape[0]! * shape[1]!).fill(otherwise); // a batch of rows
      return tf.tensor(Int32Array.from(ids, Number), [...shape], 'int32');
    };
    const inputs = { input_ids: row('tokens', 0), attention_mask: row('mask', 1), token_type_ids: row('segments', 0) };
    const [output, recorded] =
      name === 'minilm' ? (['last_hidden_state', 'sequence'] as const) : (['logits', 'logits'] as const);
    const [found] = [loaded.execute(inputs, output)].flat();
    expect(relativeError((await found!.data()) as Float32Array, tensors.get(recorded)!.data)).toBeLessThan(1e-5);
    loaded.dispose();
  });

  it('goes to transformers and comes back with the same answers', async () => {
    const request = { folder: join(tiny.folder, 'hub'), format: 'huggingface' };
    const { folder } = await exportNetwork(tiny.workspace, await originOf('bert-classifier'), request);
    await importModel(tiny.workspace, 'back', folder, { signal: new AbortController().signal });
    const query = { text: 'not a good one', top: 3 };
    const [theirs, ours] = await Promise.all(
      ['bert-classifier', 'back'].map(async (name) => {
        const model = await findModel(tiny.workspace, name);
        await using predictor = await openNetworkPredictor(await networkOfModel(model));
        return await predictor.ask(query);
      }),
    );
    const shares = (answers: typeof ours) => new Map(answers![0]!.choices.map((one) => [one.label, one.probability]));
    expect([...shares(ours).keys()].sort()).toEqual(['bad', 'good', 'middling']);
    for (const [label, share] of shares(theirs)) expect(shares(ours).get(label)).toBeCloseTo(share, 6);
  });

  it('is that of the head which was asked for', async () => {
    const request = { folder: join(tiny.folder, 'pairs'), format: 'safetensors' };
    const { folder } = await exportNetwork(tiny.workspace, await originOf('bert', 'next-sentence'), request);
    const { tensors } = await readSafetensors(join(folder, 'model.safetensors'));
    expect([...tensors.keys()].some((name) => name.startsWith('head/sentence-pair/'))).toBe(true);
    expect([...tensors.keys()].some((name) => name.startsWith('head/masked-words/'))).toBe(false);
    await expect(
      exportNetwork(tiny.workspace, await originOf('bert', 'rotation'), {
        folder: join(tiny.folder, 'none'),
        format: 'onnx',
      }),
    ).rejects.toThrow(/no head for rotation \(heads: masked-words, next-sentence\)/u);
    expect(await readdir(tiny.folder)).not.toContain('none');
  });

  it('has formats that say whether they can take it', async () => {
    const formats = await exportFormatsOf(tiny.workspace, await originOf('minilm'));
    const refusals = new Map(formats.map(({ format, refusal }) => [format.name, refusal]));
    expect(refusals.get('onnx')).toBeUndefined();
    expect(refusals.get('demo')).toMatch(/predicts nothing/u);
    expect(refusals.get('torchvision')).toMatch(/does not read pictures/u);
  });
});
