/** Imports a model of others into the workspace: recognised, checked against the network that it becomes, then written whole. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError, isLabError } from '../../shared/errors.ts';
import type { ModelManifest } from '../../shared/spec/manifests/model.ts';
import { modelManifest } from '../../shared/spec/manifests/model.ts';
import type { ModelSettings } from '../../shared/spec/model-settings.ts';
import { readChecksums, sha256Of, sha256OfText, verifyFiles } from '../files/checksums.ts';
import { createFolder } from '../files/durable-folder.ts';
import { writeManifest } from '../files/manifest-file.ts';
import { streamSafetensors } from '../formats/safetensors.ts';
import { elementCount, sameShape, showShape } from '../graph/shape.ts';
import type { ModelFamily, ModelLayers, ReadModel, Recognition } from '../models/family.ts';
import { applySettings } from '../models/apply-settings.ts';
import { recogniseModel } from '../models/recognise.ts';
import type { ModelSource } from '../models/source.ts';
import { openModelSource } from '../models/source.ts';
import { modelFiles, modelFolder } from '../workspace/models.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { requireName } from '../workspace/workspace.ts';
import { modelCard } from './model-card.ts';
import { parametersOfModel } from './model-network.ts';

export interface ModelPreview {
  readonly family: string;
  readonly familyTitle: string;
  readonly recognition: Recognition;
  readonly model: Pick<ReadModel, 'title' | 'pipeline' | 'input' | 'heads' | 'preprocessing' | 'notes'>;
  readonly parameters: number;
  readonly hasTokenizer: boolean;
  /** What should be there and is not, and what it means. */
  readonly missing: readonly string[];
  readonly suggestedName: string;
}

export interface ModelImportOptions {
  readonly signal: AbortSignal;
  /** Where it is from, when that is not the path. */
  readonly origin?:
    | { readonly url: string; readonly revision: string; /** As the hub has it. */ readonly licence: string | null }
    | undefined;
  readonly onProgress?: ((phase: string, done: number, total: number) => void) | undefined;
  /** What the manifest says instead of the path. */
  readonly shownPath?: string | undefined;
  /** What its files do not say. */
  readonly settings?: ModelSettings | undefined;
}

/** A folder that the lab has exported has checksums. Throws `LabError('corrupt')` where it is not what was written. */
async function verifyExport(path: string): Promise<void> {
  const sums = await readChecksums(path).catch(() => undefined); // those of others may look otherwise
  if (!sums) return;
  try {
    await verifyFiles(path);
  } catch (error) {
    if (!isLabError(error, 'corrupt')) throw error;
    throw new LabError('corrupt', `${error.message}. Export the model again, or copy it here again`, { path }, error);
  }
}

/** What an import would bring, without writing anything. Throws what `importModel` would throw before it writes. */
export async function previewModel(path: string, settings: ModelSettings = {}): Promise<ModelPreview> {
  await using source = await openModelSource(path);
  const { family, recognition } = await recogniseModel(source);
  const model = await readAs(family, source, settings);
  requireWhole(model, family, path);
  return {
    family: family.name,
    familyTitle: family.title,
    recognition,
    model,
    parameters: countOf(model),
    hasTokenizer: model.tokenizer !== undefined,
    missing: missingOf(model, family),
    suggestedName: nameFor(path),
  };
}

/** The layers that the head can be put on; undefined for a model whose head has its place. Throws `LabError` for what cannot be read. */
export async function layersOf(path: string): Promise<ModelLayers | undefined> {
  await using source = await openModelSource(path);
  const { family } = await recogniseModel(source);
  return await family.layers?.(source);
}

/**
 * Throws `LabError('bad-input' | 'corrupt' | 'not-found')` for what cannot be read, `LabError('conflict')` for a name that is taken,
 * `LabError('aborted')`; nothing is left then.
 */
export async function importModel(
  workspace: Workspace,
  name: string,
  path: string,
  options: ModelImportOptions,
): Promise<ModelManifest> {
  const { signal, origin, onProgress, shownPath = path, settings = {} } = options;
  requireName(name);
  await verifyExport(path);
  await using source = await openModelSource(path);
  const { family } = await recogniseModel(source);
  const model = await readAs(family, source, settings);
  requireWhole(model, family, path);
  requireTokenizer(model, family, path);
  return await createFolder(modelFolder(workspace, name), signal, async (folder) => {
    const weights = join(folder, modelFiles.weights);
    await streamSafetensors(weights, checkedWeights(model, path, signal, onProgress), { format: 'pt' });
    if (model.tokenizer !== undefined) await writeFile(join(folder, modelFiles.tokenizer), model.tokenizer);
    const weightsHash = await sha256Of(weights);
    const tokenizerHash = model.tokenizer === undefined ? null : sha256OfText(model.tokenizer);
    const { pipeline, heads, preprocessing = null, input, title, notes } = model;
    const identity = JSON.stringify([weightsHash, pipeline, heads, preprocessing, tokenizerHash]);
    const manifest = modelManifest.parse({
      formatVersion: 1,
      kind: 'model',
      name,
      createdAt: new Date().toISOString(),
      family: family.name,
      title,
      source: {
        path: origin?.url ?? shownPath,
        ...(origin && { revision: origin.revision }),
        licence: (await licenceOf(source)) ?? origin?.licence ?? null,
        files: await filesOf(source),
      },
      input,
      pipeline,
      heads: [...heads],
      preprocessing,
      parameters: countOf(model),
      tensors: model.weights.size,
      tokenizerHash,
      weightsHash,
      contentHash: createHash('sha256').update(identity).digest('hex'),
      notes: [...notes],
    } satisfies ModelManifest);
    await writeFile(join(folder, modelFiles.card), modelCard(manifest));
    const theirs = await source.text('README.md');
    if (theirs !== undefined) await writeFile(join(folder, modelFiles.sourceCard), theirs);
    await writeManifest(folder, manifest);
    return manifest;
  });
}

/** Ids of tokens mean nothing without the tokenizer that gave them. */
const withoutTokenizer =
  'There is no tokenizer: put its tokenizer.json beside the weights (or vocab.txt, or vocab.json with merges.txt), and name the folder';

function missingOf({ heads, tokenizer, input }: ReadModel, { kind }: ModelFamily): string[] {
  return [
    ...(kind === 'text' && tokenizer === undefined ? [withoutTokenizer] : []),
    ...(heads.length === 0 ? ['There is no head: it answers nothing by itself, and a task gives it a new one'] : []),
    ...(kind === 'graph' && input.kind === 'tokens' && tokenizer === undefined
      ? ['An ONNX file has no tokenizer: put tokenizer.json or vocab.txt beside it, or it reads no texts']
      : []),
  ];
}

/** Throws `LabError('bad-input')` for a text model without a tokenizer. */
function requireTokenizer({ tokenizer, title }: ReadModel, { kind }: ModelFamily, path: string): void {
  if (kind !== 'text' || tokenizer !== undefined) return;
  throw new LabError('bad-input', `${path} is ${title}. ${withoutTokenizer}`, { path });
}

/** As the family reads it, with what a person says of it. Throws `LabError('bad-input')` for what it cannot be. */
async function readAs(family: ModelFamily, source: ModelSource, settings: ModelSettings): Promise<ReadModel> {
  if (settings.layer !== undefined && family.kind !== 'graph') {
    const message = `layer: ${source.path} is a ${family.title}, whose head has its place. Leave it out`;
    throw new LabError('bad-input', message, { path: source.path });
  }
  const read = await family.read(source, settings);
  const model = applySettings(read, settings, source.path);
  if (model.input === read.input || model.input.kind !== 'image') return model;
  try {
    parametersOfModel(model); // a network may be laid out for one size
  } catch (error) {
    if (!isLabError(error)) throw error;
    const size = `${model.input.height} × ${model.input.width}`;
    const message = `height, width: the network of ${source.path} cannot read images of ${size}: ${error.message}`;
    throw new LabError('bad-input', message, { path: source.path }, error);
  }
  return model;
}

/** What the network that was read consists of. Throws `LabError('bad-input')` naming the path for one that its settings do not allow. */
function parametersOf(model: Pick<ReadModel, 'pipeline' | 'input' | 'heads'>, path: string) {
  try {
    return parametersOfModel(model);
  } catch (error) {
    if (!isLabError(error)) throw error;
    const code = error.code === 'too-large' ? error.code : 'bad-input';
    throw new LabError(code, `${path}: its settings make no network: ${error.message}`, { path }, error);
  }
}

/**
 * Throws `LabError('internal')` for a family that gives weights other than those of its pipeline and heads, `LabError('corrupt')` for files
 * of the lab's own that do not belong together, and what `parametersOf` does.
 */
function requireWhole(
  { pipeline, input, heads, weights, title }: ReadModel,
  { kind }: ModelFamily,
  path: string,
): void {
  const expected = parametersOf({ pipeline, input, heads }, path);
  const problems: string[] = [];
  for (const [name, shape] of expected) {
    const found = weights.get(name)?.shape;
    if (!found) problems.push(`${name} is missing`);
    else if (!sameShape(found, shape)) problems.push(`${name} is ${showShape(found)} instead of ${showShape(shape)}`);
  }
  for (const name of weights.keys()) if (!expected.has(name)) problems.push(`${name} has no place`);
  if (problems.length === 0) return;
  const message = `${path} was read as ${title}, but ${problems.slice(0, 5).join('; ')}`;
  throw new LabError(kind === 'own' ? 'corrupt' : 'internal', message, { path });
}

/** Each tensor as it is written: the import can be stopped between two, and values that are no numbers are found. */
function checkedWeights(
  { weights }: ReadModel,
  path: string,
  signal: AbortSignal,
  onProgress: ModelImportOptions['onProgress'],
): ReadModel['weights'] {
  let done = 0;
  return new Map(
    [...weights].map(([name, { shape, read }]) => [
      name,
      {
        shape,
        async read() {
          signal.throwIfAborted();
          onProgress?.('Weights', done++, weights.size);
          const data = await read();
          const place = data.findIndex((value) => !Number.isFinite(value));
          if (place < 0) return data;
          const message = `${path}: value ${String(place)} of '${name}' is ${String(data[place])}. The file is damaged, or the model was saved after its training had failed`;
          throw new LabError('corrupt', message, { path, weight: name });
        },
      },
    ]),
  );
}

const countOf = ({ weights }: ReadModel): number =>
  [...weights.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);

async function filesOf({ used, folder, files }: ModelSource): Promise<ModelManifest['source']['files']> {
  const found: ModelManifest['source']['files'] = [];
  for (const name of [...used].sort()) {
    found.push({ name, bytes: files.get(name) ?? 0, sha256: await sha256Of(join(folder, name)) });
  }
  return found;
}

/** From the heading of a model card, as the hub has it. */
async function licenceOf(source: ModelSource): Promise<string | null> {
  const heading = /^---\r?\n([\s\S]*?)\r?\n---/u.exec((await source.text('README.md')) ?? '')?.[1] ?? '';
  return /^license:\s*["']?([\w.+-]+)/mu.exec(heading)?.[1] ?? null;
}

/** The last part of the path that is a name. */
export function nameFor(path: string): string {
  const parts = path.split(/[\\/]+/u).filter((part) => part !== '' && part !== '.' && part !== '..');
  const generic = /^(model|pytorch_model|weights)?(\.[a-z]+)?$/iu;
  const telling = parts.findLast((part) => !generic.test(part)) ?? 'model';
  const plain = telling.replace(/\.(safetensors|pth?|bin|onnx)$/iu, '').toLowerCase();
  const allowed = plain.replaceAll(/[^a-z0-9._-]+/gu, '-').replace(/^[^a-z0-9]+/u, '');
  return allowed.slice(0, 80) || 'model';
}
