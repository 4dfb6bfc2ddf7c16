// A trained run as ONNX: the files are whole, say what they are, and answer as the lab does; what cannot be written says why.
import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../../src/main/data/tokenizer/tokenizer.ts';
import { modelProto } from '../../../../src/main/formats/onnx/schema.ts';
import { createRun } from '../../../../src/main/runs/create-run.ts';
import { exportFormatsOf, exportRun } from '../../../../src/main/runs/export/index.ts';
import { openPredictor } from '../../../../src/main/runs/predict.ts';
import { trainRun } from '../../../../src/main/runs/train-run.ts';
import type { RunFolder } from '../../../../src/main/workspace/run-folder.ts';
import { createTinyWorkspace, tinyExperiment } from '../../../tiny-workspace.ts';
import type { TinyWorkspace } from '../../../tiny-workspace.ts';

let tiny: TinyWorkspace;
let run: RunFolder;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  run = await createRun(tiny.workspace, tinyExperiment());
  await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
});
afterAll(() => tiny.remove());

const request = (name: string) => ({ folder: join(tiny.folder, name), format: 'onnx' });

/** The probabilities of the vocabulary where the mask is. */
async function fillMask(folder: string, text: string): Promise<{ token: number; probability: number }[]> {
  const tokenizer = loadTokenizer(join(folder, 'tokenizer.json'));
  const { classify, separate, mask } = tokenizer.special;
  const ids = [classify, ...tokenizer.encode(text), separate];
  const session = await InferenceSession.create(join(folder, 'model.onnx'), { intraOpNumThreads: 1 });
  const row = (values: readonly number[]) =>
    new Tensor('int64', BigInt64Array.from(values.map(BigInt)), [1, ids.length]);
  const { logits } = await session.run({
    input_ids: row(ids),
    attention_mask: row(ids.map(() => 1)),
    token_type_ids: row(ids.map(() => 0)),
  });
  await session.release();
  const size = tokenizer.vocabularySize;
  expect(logits?.dims).toEqual([1, ids.length, size]);
  const place = ids.indexOf(mask);
  const weights = Array.from((logits?.data as Float32Array).slice(place * size, (place + 1) * size), Math.exp); // logits are numbers
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights
    .map((weight, token) => ({ token, probability: weight / total }))
    .sort((a, b) => b.probability - a.probability);
}

describe('a run as ONNX', () => {
  it('answers as the lab does, from files that say what they are', async () => {
    const exported = await exportRun(tiny.workspace, run, request('whole'));
    expect(exported.files).toEqual(['model.onnx', 'model.json', 'tokenizer.json', 'README.md']);
    expect((await readdir(exported.folder)).sort()).toEqual(['SHA256SUMS', ...exported.files].sort());

    const text = 'the cat [MASK] the house.';
    await using predictor = await openPredictor(run);
    const [answer] = await predictor.ask({ text, top: 5 });
    const filled = await fillMask(exported.folder, text);
    const tokenizer = loadTokenizer(run.tokenizer);
    for (const [rank, { label, probability }] of (answer?.choices ?? []).entries()) {
      expect(tokenizer.token(filled[rank]?.token ?? -1).replace('##', '')).toBe(label.replace('##', ''));
      expect(filled[rank]?.probability).toBeCloseTo(probability, 5);
    }

    const about = JSON.parse(await readFile(join(exported.folder, 'model.json'), 'utf8')) as Record<string, unknown>;
    expect(about).toMatchObject({
      run: run.id,
      labels: null,
      symbolicSizes: ['batch', 'length'],
      quantisation: null,
      preprocessing: { kind: 'text', maximumLength: 16, specialTokens: { pad: 0, mask: 4 } },
      inputs: [
        { name: 'input_ids', shape: ['batch', 'length'] },
        { name: 'token_type_ids' },
        { name: 'attention_mask' },
      ],
    });
    const model = modelProto.decode(await readFile(join(exported.folder, 'model.onnx'))).toJSON() as {
      metadataProps: { key: string; value: string }[];
      opsetImport: unknown[];
    };
    expect(model.opsetImport).toHaveLength(1);
    const metadata = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
    expect(metadata).toMatchObject({ task: 'masked-words', labels: 'null', run: run.id });
    expect(JSON.parse(metadata.preprocessing ?? '')).toEqual(about.preprocessing);
    const readme = await readFile(join(exported.folder, 'README.md'), 'utf8');
    expect(readme).toContain('onnxruntime.InferenceSession("model.onnx")');
    expect(readme).toContain("InferenceSession.create('model.onnx')");
  });

  it('is measured before and after its weights are rounded', async () => {
    const exported = await exportRun(tiny.workspace, run, { ...request('rounded'), quantize: 'int8' });
    const about = JSON.parse(await readFile(join(exported.folder, 'model.json'), 'utf8')) as {
      quantisation: { accuracy: { split: string; before: Record<string, number>; after: Record<string, number> } };
    };
    const { split, before, after } = about.quantisation.accuracy;
    const result = JSON.parse(await readFile(run.result, 'utf8')) as { test: { metrics: Record<string, number> } };
    expect(split).toBe('test');
    expect(before.loss).toBeCloseTo(result.test.metrics.loss ?? NaN, 5);
    expect(after.loss).not.toBe(before.loss);
    expect(Math.abs((after.loss ?? NaN) - (before.loss ?? NaN))).toBeLessThan(0.05);
    expect(exported.notes.join()).toMatch(/8-bit integers, on the test split: .*loss/);
    const [best] = await fillMask(exported.folder, 'the cat [MASK] the house.');
    await using predictor = await openPredictor(run);
    const [answer] = await predictor.ask({ text: 'the cat [MASK] the house.', top: 1 });
    expect(best?.probability).toBeCloseTo(answer?.choices[0]?.probability ?? NaN, 2);
  });

  it('is refused where it cannot be written, and leaves nothing', async () => {
    await mkdir(join(tiny.folder, 'taken'));
    await expect(exportRun(tiny.workspace, run, request('taken'))).rejects.toMatchObject({ code: 'conflict' });
    await writeFile(join(tiny.folder, 'file'), '');
    await expect(exportRun(tiny.workspace, run, request('file/in-it'))).rejects.toMatchObject({ code: 'bad-input' });
    await expect(exportRun(tiny.workspace, run, { ...request('other'), format: 'onxx' })).rejects.toThrow(
      "Did you mean 'onnx'?",
    );
    const controller = new AbortController();
    controller.abort();
    await expect(
      exportRun(tiny.workspace, run, { ...request('stopped'), signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'aborted' });
    const names = await readdir(tiny.folder);
    expect(names.filter((name) => /other|stopped|partial/u.test(name))).toEqual([]);
  });

  it.skipIf(process.getuid?.() === 0)('says that a folder may not be written', async () => {
    const closed = join(tiny.folder, 'closed');
    await mkdir(closed);
    await chmod(closed, 0o500);
    await expect(exportRun(tiny.workspace, run, request('closed/model'))).rejects.toThrow('permission is denied');
    await chmod(closed, 0o700);
  });

  it('is one of the formats, which say whether they can take a run', async () => {
    const formats = await exportFormatsOf(tiny.workspace, { kind: 'run', run });
    expect(formats.find(({ format }) => format.name === 'onnx')).toMatchObject({ refusal: undefined });
  });
});
