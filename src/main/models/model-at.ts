/** Whether what somebody wants to import as data is a network of others, which belongs to the models. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { LabError, isLabError } from '../../shared/errors.ts';
import { recogniseModel } from './recognise.ts';
import { openModelSource } from './source.ts';
import { isTensorFile } from './tensor-files.ts';

export interface FoundModel {
  /** The folder or file that an import of models takes. */
  readonly path: string;
  /** E.g. 'BERT, 6 layers of 384 features'; undefined where it is of no family that the lab knows. */
  readonly title: string | undefined;
}

const isWeights = (name: string): boolean => isTensorFile(name) || /\.onnx$/iu.test(name);
/** Files that nothing but a network is kept in. */
const isCertain = (name: string): boolean => /\.(safetensors|onnx|pth)$/iu.test(name);
/** What lies in a folder of a model, beside its weights. */
const isBeside = (name: string): boolean => /^\.|\.(json|txt|md|model|yaml)$|^(LICENSE|NOTICE)/iu.test(name);

/** Looks at names first: what is no model costs next to nothing. Undefined for data, also where weights lie among them. */
export async function modelAt(sources: readonly string[]): Promise<FoundModel | undefined> {
  const [first = '', ...others] = sources;
  const folders = new Set(sources.map((source) => dirname(source)));
  if (others.length > 0 && (folders.size > 1 || !sources.some(isWeights))) return undefined;
  const path = others.length > 0 ? dirname(first) : first;
  const about = await stat(path).catch(() => undefined); // who reads it says what is wrong with it
  if (!about) return undefined;
  if (!about.isDirectory() && !isWeights(basename(path))) return undefined;
  if (about.isDirectory() && !(await isModelFolder(path))) return undefined;
  try {
    await using source = await openModelSource(path);
    const { recognition } = await recogniseModel(source);
    return { path, title: recognition.title };
  } catch (error) {
    if (!isLabError(error)) throw error;
    return about.isDirectory() || isCertain(path) ? { path, title: undefined } : undefined;
  }
}

/** Has weights, and little else beside them: a collection in which somebody left a checkpoint is none. */
async function isModelFolder(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.map(({ name }) => name);
  if (!names.some(isWeights)) return false;
  if (names.includes('config.json')) return true;
  return names.some(isCertain) && entries.every((one) => one.isFile() && (isWeights(one.name) || isBeside(one.name)));
}

/** Throws `LabError('bad-input')` where the sources of an import of data are a model. */
export async function requireNoModel(sources: readonly string[]): Promise<void> {
  const found = await modelAt(sources);
  if (!found) return;
  const { path, title } = found;
  const what = title === undefined ? 'holds the weights of a network' : `is a model: ${title}`;
  throw new LabError(
    'bad-input',
    `${path} ${what}. Import it as a model, with 'pretext model import' or on the page Models`,
    { path },
  );
}
