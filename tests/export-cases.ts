/** Every format of exports, by what it is asked of, with the files that come of it: for the command line and for the pages. */
import { join } from 'node:path';
import { importImageDataset } from '../src/main/data/images/import.ts';
import { createRun } from '../src/main/runs/create-run.ts';
import { parseExperiment } from '../src/main/runs/experiment.ts';
import { exportRun } from '../src/main/runs/export/index.ts';
import { importModel } from '../src/main/runs/import-model.ts';
import { parseSpecText } from '../src/main/runs/spec-file.ts';
import { trainRun } from '../src/main/runs/train-run.ts';
import { tinyImages } from './tiny-images.ts';
import type { TinyWorkspace } from './tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from './tiny-workspace.ts';
import { fixture } from './unit/models/recorded.ts';

export interface ExportCase {
  readonly format: string;
  /** As people choose it. */
  readonly title: string;
  readonly of: 'words' | 'pictures' | 'classifier' | 'mobile';
  readonly isRounded?: true;
  readonly files: readonly string[];
}

const texts = ['tokenizer.json'];
const hub = ['model.safetensors', 'config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'];
const shards = ['model.json', 'group1-shard1of1.bin'];
const torch = ['model.safetensors', 'model.json', 'README.md'];

export const exportCases: readonly ExportCase[] = [
  { format: 'onnx', title: 'ONNX', of: 'words', files: ['model.onnx', 'model.json', ...texts, 'README.md'] },
  { format: 'onnx', title: 'ONNX', of: 'classifier', files: ['model.onnx', 'model.json', ...texts, 'README.md'] },
  { format: 'onnx', title: 'ONNX', of: 'pictures', isRounded: true, files: ['model.onnx', 'model.json', 'README.md'] },
  { format: 'onnx', title: 'ONNX', of: 'mobile', isRounded: true, files: ['model.onnx', 'model.json', 'README.md'] },
  { format: 'demo', title: 'Demo page', of: 'words', files: ['demo.html'] },
  { format: 'demo', title: 'Demo page', of: 'classifier', files: ['demo.html'] },
  { format: 'huggingface', title: 'Hugging Face transformers', of: 'words', files: [...hub, 'README.md'] },
  { format: 'huggingface', title: 'Hugging Face transformers', of: 'classifier', files: [...hub, 'README.md'] },
  { format: 'safetensors', title: 'safetensors', of: 'words', files: ['model.safetensors', 'model.json', ...texts] },
  { format: 'safetensors', title: 'safetensors', of: 'mobile', files: ['model.safetensors', 'model.json'] },
  { format: 'tensorboard', title: 'TensorBoard', of: 'words', files: [] }, // named after the moment of the training
  { format: 'tfjs', title: 'TensorFlow.js', of: 'words', files: [...shards, ...texts, 'README.md'] },
  { format: 'tfjs', title: 'TensorFlow.js', of: 'classifier', files: [...shards, ...texts, 'README.md'] },
  { format: 'torchvision', title: 'torchvision', of: 'pictures', files: torch },
  { format: 'torchvision', title: 'torchvision', of: 'mobile', files: torch },
];

export interface ExportWorkspace extends TinyWorkspace {
  /** Ids of runs and names of models. */
  readonly ids: Readonly<Record<ExportCase['of'], string>>;
}

/** Has a run of texts and one of pictures, and a model of each. */
export async function createExportWorkspace(): Promise<ExportWorkspace> {
  const tiny = await createTinyWorkspace();
  const { workspace } = tiny;
  const { signal } = new AbortController();
  const words = await createRun(workspace, tinyExperiment());
  await trainRun(workspace, words, { signal, prefetch: false });
  await importImageDataset({
    source: tinyImages(24, 24, true),
    destination: join(workspace.datasets, 'colours'),
    name: 'colours',
    options: { size: 24 },
  });
  const spec =
    '{name: pictures, task: {type: image-classification}, data: colours, pipeline: {preset: mobilenet-v2, options: {width: 0.25}}, training: {steps: 1, batchSize: 2}, engine: {threads: 1}}';
  const pictures = await createRun(workspace, parseExperiment(parseSpecText(spec, 'pictures.yaml')));
  await trainRun(workspace, pictures, { signal, prefetch: false });
  await importModel(workspace, 'classifier', fixture('bert-classifier'), { signal });
  const torch = { folder: join(tiny.folder, 'for-torchvision'), format: 'torchvision' };
  const { folder } = await exportRun(workspace, pictures, torch);
  await importModel(workspace, 'mobile', folder, { signal });
  return { ...tiny, ids: { words: words.id, pictures: pictures.id, classifier: 'classifier', mobile: 'mobile' } };
}
