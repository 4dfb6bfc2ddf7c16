// A trained run for transformers: the folder is whole, has its card, and the lab's own importer reads the same weights out of it.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadTokenizer } from '../../../../src/main/data/tokenizer/tokenizer.ts';
import { recogniseModel } from '../../../../src/main/models/recognise.ts';
import { openModelSource } from '../../../../src/main/models/source.ts';
import { createRun } from '../../../../src/main/runs/create-run.ts';
import { exportRun } from '../../../../src/main/runs/export/index.ts';
import { readSource } from '../../../../src/main/runs/export/source.ts';
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

it('is a folder that says what it is and holds the weights', async () => {
  const { folder, files } = await exportRun(tiny.workspace, run, {
    folder: join(tiny.folder, 'hub'),
    format: 'huggingface',
  });
  expect((await readdir(folder)).sort()).toEqual(['SHA256SUMS', ...files].sort());
  const text = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
  const { special } = loadTokenizer(join(folder, 'tokenizer.json'));
  expect(JSON.parse(await text('config.json'))).toMatchObject({
    pad_token_id: special.pad,
    cls_token_id: special.classify,
    sep_token_id: special.separate,
    architectures: ['BertForMaskedLM'],
    model_type: 'bert',
    hidden_size: 8,
    num_hidden_layers: 2,
    max_position_embeddings: 16,
  });
  expect(JSON.parse(await text('tokenizer_config.json'))).toMatchObject({ mask_token: '[MASK]', model_max_length: 16 });
  const card = await text('README.md');
  for (const part of ['pipeline_tag: fill-mask', 'AutoModelForMaskedLM', 'tiny', '## ']) expect(card).toContain(part);

  const source = await readSource(tiny.workspace, { kind: 'run', run });
  await using model = await openModelSource(folder);
  const { family } = await recogniseModel(model);
  expect(family.name).toBe('bert');
  const { weights: read } = await family.read(model);
  expect([...read.keys()].sort()).toEqual([...source.weights.keys()].sort());
  for (const [name, tensor] of read) {
    expect(Array.from(await tensor.read())).toEqual(Array.from(source.weights.get(name)?.data ?? []));
  }
});
