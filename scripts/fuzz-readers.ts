/**
 * Damages files for each reader of foreign models, ten thousand times unless another number is given: every file has to be read, or to be
 * refused with an error that names it. Says of each reader how long that took and how much memory its process ever had.
 *
 *     node scripts/fuzz-readers.ts            all readers
 *     node scripts/fuzz-readers.ts 500 onnx   500 files, of those whose name has 'onnx' in it
 *
 * The same tests try a few files each in `npm test`, always the same ones; here they are others every time.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');

/** The test file of each reader, and the beginning of the names of its tests. */
const readers: readonly (readonly [reader: string, file: string, test: string])[] = [
  ['PyTorch, zip', 'formats/open-weights', 'zip.pth, damaged'],
  ['PyTorch, before 1.6', 'formats/open-weights', 'legacy.pth, damaged'],
  ['PyTorch, protocol 4', 'formats/open-weights', 'protocol-4.pth, damaged'],
  ['safetensors', 'formats/open-weights', 'expected.safetensors, damaged'],
  ['index of shards', 'formats/open-weights', 'an index of several files'],
  ['onnx, by hand', 'formats/onnx-read', 'damaged files'],
  ['onnx, convolutional', 'formats/onnx-read', 'convolutional-17, damaged'],
  ['onnx, attention', 'formats/onnx-read', 'attention-18-dynamo, damaged'],
  ['onnx, recurrent', 'formats/onnx-read', 'recurrent-14, damaged'],
  ...[
    ...['bert', 'gpt2', 'modernbert', 'distilbert', 'roberta', 'resnet-timm', 'mobilenet-timm'],
    ...['efficientnet-lite-timm', 'vit-transformers', 'vit-torchvision'],
  ].map((model) => [`config.json of ${model}`, 'models/damage', `${model} with a damaged config.json`] as const),
  ['tokenizer.json, word pieces', 'models/damage', 'minilm with a damaged tokenizer.json'],
  ['tokenizer.json, byte-level BPE', 'models/damage', 'gpt2 with a damaged tokenizer.json'],
  ['tokenizer.json, Unigram', 'models/damage', 'a damaged tokenizer.json of Unigram'],
  ['vocab.txt', 'models/damage', 'bert with a damaged vocab.txt'],
  ['vocab.json', 'models/damage', 'roberta with a damaged vocab.json'],
  ['merges.txt', 'models/damage', 'roberta with a damaged merges.txt'],
  ['preprocessor_config.json', 'models/damage', 'resnet-transformers with a damaged preprocessor_config.json'],
  ['model.json of exported weights', 'models/damage', 'with a damaged model.json are read'],
  ['names of classes', 'models/damage', 'a damaged file of names'],
  ['whole import, BERT', 'models/damage', 'bert with any damaged file'],
  ['whole import, RoBERTa', 'models/damage', 'roberta with any damaged file'],
  ['whole import, ResNet', 'models/damage', 'resnet-transformers with any damaged file'],
  ['whole import, ViT', 'models/damage', 'vit-torchvision with any damaged file'],
  ['whole import, exported weights', 'models/damage', 'with any damaged file are imported whole'],
  ['whole import, ONNX', 'models/damage', 'an ONNX network with any damaged file'],
];

const [count = '10000', wanted = ''] = process.argv.slice(2);
if (!(Number(count) > 0)) {
  throw new Error(`'${count}' is no number of files: node scripts/fuzz-readers.ts [number] [reader]`);
}
const chosen = readers.filter(([reader]) => reader.includes(wanted));
if (chosen.length === 0) {
  throw new Error(`No reader is called ${wanted}. Readers: ${readers.map(([name]) => name).join(', ')}`);
}

let failed = 0;
console.log(`| reader | ${count} damaged files | seconds | largest resident memory |\n| --- | --- | ---: | ---: |`);
for (const [reader, file, test] of chosen) {
  const begun = performance.now();
  const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', `tests/unit/${file}.test.ts`, '-t', test.replaceAll('.', String.raw`\.`)];
  const env = { ...process.env, FUZZ_RUNS: count, NO_COLOR: '1', FORCE_COLOR: '' };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' });
  const seconds = Math.round((performance.now() - begun) / 1000);
  const memory = /largest resident memory: (\d+ MB)/u.exec(stdout)?.[1];
  const isTried = status === 0 && /Tests\s+[1-9]\d* passed/u.test(stdout);
  if (!isTried) failed += 1;
  console.log(`| ${reader} | ${isTried ? 'read or refused' : 'FAILED'} | ${seconds} | ${memory ?? ''} |`);
  if (!isTried) console.error(`${stdout}\n${stderr}`);
}
if (failed > 0) process.exitCode = 1;
