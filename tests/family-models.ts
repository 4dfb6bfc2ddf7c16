/** A small random model of every family, where it is recorded, and a workspace with texts and images to use it on. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { importTextDataset } from '../src/main/data/text/import-dataset.ts';
import type { ModelSettings } from '../src/shared/spec/model-settings.ts';
import type { TinyImageWorkspace } from './tiny-images.ts';
import { createTinyImageWorkspace } from './tiny-images.ts';
import { tinyDocument } from './tiny-workspace.ts';

export interface FamilyModel {
  readonly family: string;
  /** In the folder of fixtures, or in that of the workspace. */
  readonly file: string;
  readonly settings?: ModelSettings;
  readonly reads: 'text' | 'image';
  /** The task of a head that came along. */
  readonly head?: string;
}

/** Of networks that take images of any size. */
const small = { height: 40, width: 40, fit: 'stretch' } as const;
const ofImages = { reads: 'image', head: 'image-classification' } as const;

export const familyModels: readonly FamilyModel[] = [
  { family: 'bert', file: 'models/bert', reads: 'text', head: 'masked-words' },
  { family: 'bert', file: 'models/minilm', reads: 'text' },
  { family: 'distilbert', file: 'models/distilbert', reads: 'text', head: 'masked-words' },
  { family: 'roberta', file: 'models/roberta', reads: 'text', head: 'masked-words' },
  { family: 'modernbert', file: 'models/modernbert', reads: 'text', head: 'masked-words' },
  { family: 'gpt2', file: 'models/gpt2', reads: 'text', head: 'next-word' },
  { family: 'resnet', file: 'models/resnet-timm', settings: small, ...ofImages },
  { family: 'resnet', file: 'models/resnet-torchvision/model.pth', settings: small, ...ofImages },
  { family: 'resnet', file: 'models/resnet-transformers', settings: small, ...ofImages },
  { family: 'mobilenet-v2', file: 'models/mobilenet-torchvision/model.pth', settings: small, ...ofImages },
  { family: 'efficientnet-lite', file: 'models/efficientnet-lite-timm', settings: small, ...ofImages },
  { family: 'vit', file: 'models/vit-timm', ...ofImages },
  { family: 'vit', file: 'models/vit-transformers', ...ofImages },
  { family: 'vit', file: 'models/vit-torchvision/model.pth', ...ofImages },
  { family: 'onnx', file: 'onnx/convolutional-17.onnx', ...ofImages },
  { family: 'onnx', file: 'exported', reads: 'text' },
];

const fixtures = path.resolve(import.meta.dirname, 'fixtures');

/** Where a model lies. @param folder of the workspace's surroundings */
export const sourceOf = ({ file }: FamilyModel, folder: string): string =>
  file === 'exported' ? path.join(folder, file) : path.join(fixtures, file);

/** What it is called in the workspace. */
export const nameOf = ({ file }: FamilyModel): string => path.basename(file.replace(/\/model\.pth$/u, ''), '.onnx');

/** Of its material: 'rows' of texts, 'colours' of images. */
export const dataFor = ({ reads }: FamilyModel): string => (reads === 'text' ? 'rows' : 'colours');

export async function createFamilyWorkspace(): Promise<TinyImageWorkspace> {
  const tiny = await createTinyImageWorkspace();
  const place = (name: string): string => path.join(tiny.folder, name);
  const rows = Array.from({ length: 60 }, (_, index) => {
    const text = tinyDocument(index).slice(0, 40);
    return JSON.stringify({ label: index % 2 === 0 ? 'even' : 'odd', text });
  });
  await writeFile(place('rows.jsonl'), rows.join('\n'));
  const folder = path.join(tiny.workspace.datasets, 'rows');
  await importTextDataset({ sources: [place('rows.jsonl')], folder, name: 'rows' });
  // As transformers' exporter leaves a network: beside its vocabulary and its config.json, without other weights.
  await mkdir(place('exported'));
  await cp(path.join(fixtures, 'onnx', 'texts-17.onnx'), place('exported/model.onnx'));
  await writeFile(place('exported/config.json'), JSON.stringify({ model_type: 'bert' }));
  const words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'the', 'a', 'cat', 'river', 'sees', '.'];
  await writeFile(place('exported/vocab.txt'), words.join('\n'));
  return tiny;
}
