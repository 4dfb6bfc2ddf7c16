/** Models of others, for pages: what a folder, a file or the hub would bring, and bringing it. */
import { isAbsolute, join, relative, sep } from 'node:path';
import type { z } from 'zod';
import type { HubPlan, ModelDetails, modelsContract, ModelPreviewSummary } from '../../shared/contract/models.ts';
import { textOf } from '../files/file-exists.ts';
import { openSafetensors } from '../formats/safetensors.ts';
import { elementCount } from '../graph/shape.ts';
import { hubAccess } from '../models/hub/access.ts';
import { downloadModel, planDownload } from '../runs/download-model.ts';
import { importModel, layersOf, previewModel } from '../runs/import-model.ts';
import { summarisePart } from '../runs/summarise-pipeline.ts';
import { findModel, modelFiles } from '../workspace/models.ts';
import type { WorkContext } from './work-context.ts';

type Input<Method extends keyof typeof modelsContract> = z.output<(typeof modelsContract)[Method]['input']>;
type Output<Method extends keyof typeof modelsContract> = z.input<(typeof modelsContract)[Method]['output']>;

export async function previewModelFor(
  _context: WorkContext,
  { path, settings }: Input<'preview'>,
): Promise<ModelPreviewSummary> {
  const { familyTitle, recognition, model, parameters, hasTokenizer, missing, suggestedName } = await previewModel(
    path,
    settings,
  );
  const { title, input, preprocessing, heads, notes } = model;
  return {
    family: familyTitle,
    title,
    facts: recognition.facts.map(([fact, value]) => [fact, value]),
    parameters,
    input,
    preprocessing: preprocessing ?? null,
    heads: [...heads],
    hasTokenizer,
    missing: [...missing],
    notes: [...notes],
    suggestedName,
  };
}

export async function layersOfModelFor(_context: WorkContext, { path }: Input<'layers'>): Promise<Output<'layers'>> {
  const found = await layersOf(path);
  if (!found) return null;
  const { suggested, parts } = found;
  return { suggested, parts: parts.map(summarisePart) };
}

export async function importModelFor(
  { workspace, signal, progress }: WorkContext,
  { path, name, settings }: Input<'import'>,
): Promise<string> {
  await importModel(workspace, name, path, {
    signal,
    settings,
    shownPath: uploadedName(workspace.folder, path),
    onProgress: (phase, done, total) => {
      progress({ phase, done, total, unit: 'tensors', skipped: 0 });
    },
  });
  return name;
}

/** Of files that a browser brought, their own name: where they lay for a while is nobody's business. Undefined for others. */
function uploadedName(workspaceFolder: string, path: string): string | undefined {
  const [upload, ...names] = relative(join(workspaceFolder, '.uploads'), path).split(sep);
  if (upload === undefined || upload === '..' || isAbsolute(upload)) return undefined;
  return `uploaded: ${names.join('/') || 'files'}`;
}

interface HubQuestion {
  readonly model: string;
  readonly revision: string;
}

export async function planHubDownload({ signal }: WorkContext, { model, revision }: HubQuestion): Promise<HubPlan> {
  const { listing, files, bytes, suggestedName } = await planDownload(hubAccess(), model, revision, signal);
  return {
    model: listing.name,
    commit: listing.commit,
    licence: listing.licence,
    files: files.map(({ name, bytes: size }) => ({ name, bytes: size })),
    bytes,
    unneeded: listing.files.size - files.length,
    suggestedName,
  };
}

export async function downloadModelFor(
  { workspace, signal, progress }: WorkContext,
  { model, revision, name }: HubQuestion & { readonly name: string },
): Promise<string> {
  const access = hubAccess();
  const plan = await planDownload(access, model, revision, signal);
  await downloadModel(workspace, access, plan, name, {
    signal,
    onProgress: (phase, done, total, unit) => {
      progress({ phase, done, total, unit, skipped: 0 });
    },
  });
  return name;
}

/** What has to be read from the weights and cards of a model. */
export async function detailsOfModel(
  { workspace }: WorkContext,
  { name }: { readonly name: string },
): Promise<Pick<ModelDetails, 'layers' | 'card'>> {
  const { folder, weights } = await findModel(workspace, name);
  await using file = await openSafetensors(weights);
  return {
    layers: [...file.entries].map(([layer, { shape }]) => ({
      name: layer,
      shape: [...shape],
      parameters: elementCount(shape),
    })),
    card: (await textOf(join(folder, modelFiles.sourceCard))) ?? null,
  };
}
