// A trained run for TensorFlow.js: the files of the folder are read by its own reader, and fill in a word as the lab does.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadTokenizer } from '../../../../src/main/data/tokenizer/tokenizer.ts';
import { createRun } from '../../../../src/main/runs/create-run.ts';
import { exportRun } from '../../../../src/main/runs/export/index.ts';
import { openPredictor } from '../../../../src/main/runs/predict.ts';
import { trainRun } from '../../../../src/main/runs/train-run.ts';
import { createTinyWorkspace, tinyExperiment } from '../../../tiny-workspace.ts';
import type { TinyWorkspace } from '../../../tiny-workspace.ts';
import { loadGraphModelFrom } from './graph-model.ts';

let tiny: TinyWorkspace;
beforeAll(async () => {
  tiny = await createTinyWorkspace();
});
afterAll(() => tiny.remove());

it('is a folder that TensorFlow.js loads', async () => {
  const run = await createRun(tiny.workspace, tinyExperiment());
  await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
  const { folder, files } = await exportRun(tiny.workspace, run, { folder: join(tiny.folder, 'web'), format: 'tfjs' });
  expect((await readdir(folder)).sort()).toEqual(['SHA256SUMS', ...files].sort());
  const model = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as { userDefinedMetadata: unknown }; // written as one
  expect(model.userDefinedMetadata).toMatchObject({ run: run.id, symbolicSizes: ['batch', 'length'] });
  const loaded = await loadGraphModelFrom(folder);
  const tokenizer = loadTokenizer(join(folder, 'tokenizer.json'));
  const { classify, separate, mask } = tokenizer.special;
  const text = 'the cat [MASK] the house.';
  const ids = [classify, ...tokenizer.encode(text), separate];
  const row = (values: readonly number[]) => tf.tensor(Int32Array.from(values), [1, ids.length], 'int32');
  const logits = loaded.execute(
    { input_ids: row(ids), attention_mask: row(ids.map(() => 1)), token_type_ids: row(ids.map(() => 0)) },
    'logits',
  );
  const [first] = [logits].flat();
  const here = tf.slice(tf.softmax(first!), [0, ids.indexOf(mask), 0], [1, 1, tokenizer.vocabularySize]);
  const found = await tf.max(here).data();
  loaded.dispose();
  await using predictor = await openPredictor(run);
  const [answer] = await predictor.ask({ text, top: 1 });
  expect(found[0]).toBeCloseTo(answer?.choices[0]?.probability ?? Number.NaN, 5);
});
