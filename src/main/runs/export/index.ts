/** Exports: a trained run, or an imported model, in a format that other tools read. Importing this registers every format. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LabError, errorCode, isLabError, reasonOf } from '../../../shared/errors.ts';
import { fileExists } from '../../files/file-exists.ts';
import { writeFolder } from '../../files/durable-folder.ts';
import { recordExport } from '../../workspace/export-records.ts';
import type { RunFolder } from '../../workspace/run-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { ExportFormat, ExportOption, ExportSettings } from './format.ts';
import { findFormat, registeredFormats } from './format.ts';
import './onnx.ts';
import './demo.ts';
import './huggingface.ts';
import './safetensors.ts';
import './tensorboard.ts';
import './tfjs.ts';
import './torchvision.ts';
import type { ExportOrigin } from './source.ts';
import { readSource, readSubject } from './source.ts';

export { registeredFormats } from './format.ts';

export interface ExportRequest extends Partial<ExportSettings> {
  /** A new folder. */
  readonly folder: string;
  readonly format: string;
  readonly signal?: AbortSignal;
  readonly onPhase?: (phase: string) => void;
}

export interface ExportedModel {
  readonly folder: string;
  readonly format: string;
  /** Names within the folder. */
  readonly files: readonly string[];
  readonly notes: readonly string[];
}

/**
 * The weights of a run in one of the formats. Throws as `exportNetwork` does.
 *
 * @public
 */
export async function exportRun(
  workspace: Workspace,
  run: RunFolder,
  { checkpoint, ...request }: ExportRequest & { readonly checkpoint?: 'best' | 'last' },
): Promise<ExportedModel> {
  return exportNetwork(workspace, { kind: 'run', run, checkpoint }, request);
}

/**
 * Writes a network in one of the formats, whole or not at all. Throws `LabError('conflict')` when the folder exists, `'bad-input'` for
 * a format that cannot take the network, or a folder that cannot be written, `'not-found'` without a checkpoint, `'disk-full'`, and
 * `'aborted'`.
 */
export async function exportNetwork(
  workspace: Workspace,
  origin: ExportOrigin,
  { folder: destination, signal = new AbortController().signal, ...request }: ExportRequest,
): Promise<ExportedModel> {
  const format = findFormat(request.format);
  const settings: ExportSettings = { quantize: request.quantize ?? 'none' };
  requireKnownOptions(format, settings);
  const folder = resolve(destination);
  await requireNewFolder(folder, destination);
  const subject = await readSubject(workspace, origin);
  const refusal = format.refusal(subject);
  if (refusal !== undefined) throw new LabError('bad-input', `${format.title}: ${refusal}`, { format: format.name });
  const source = await readSource(workspace, origin);
  const onPhase = request.onPhase ?? (() => undefined);
  try {
    let written: Awaited<ReturnType<ExportFormat['write']>> = { files: [], notes: [] };
    await writeFolder(folder, async (temporary) => {
      written = await format.write(source, temporary, { settings, signal, onPhase });
      signal.throwIfAborted();
    });
    const of = origin.kind === 'run' ? origin.run.id : origin.model.name;
    // Whatever keeps it from being remembered, it is there.
    await recordExport(workspace, { kind: origin.kind, of, folder, format: format.name }).catch(() => undefined);
    return { folder, format: format.name, files: written.files, notes: written.notes };
  } catch (error) {
    if (signal.aborted) {
      throw new LabError('aborted', 'The export was stopped; nothing was kept', { destination }, error);
    }
    if (isLabError(error) || errorCode(error) === undefined) throw error;
    throw cannotWrite(destination, error);
  }
}

/** The formats, each with the reason why it cannot take the network. */
export async function exportFormatsOf(
  workspace: Workspace,
  origin: ExportOrigin,
): Promise<{ format: ExportFormat; refusal: string | undefined }[]> {
  const subject = await readSubject(workspace, origin);
  return registeredFormats().map((format) => ({ format, refusal: format.refusal(subject) }));
}

function requireKnownOptions(format: ExportFormat, settings: ExportSettings): void {
  const given: readonly ExportOption[] = settings.quantize === 'none' ? [] : ['quantize'];
  const unknown = given.find((option) => !format.options.includes(option));
  if (unknown === undefined) return;
  const able = registeredFormats().filter(({ options }) => options.includes(unknown));
  throw new LabError(
    'bad-input',
    `The format ${format.name} has no option '${unknown}'. Formats that have it: ${able.map(({ name }) => name).join(', ')}`,
    { option: unknown },
  );
}

/** Looks before anything is computed: the folder must be new, and the one it is to be in must be there or can be made. */
async function requireNewFolder(folder: string, destination: string): Promise<void> {
  if (await fileExists(folder)) {
    throw new LabError('conflict', `${destination} exists already. Choose another folder, or delete it first`, {
      destination,
    });
  }
  const parent = dirname(folder);
  try {
    await mkdir(parent, { recursive: true });
    if (!(await stat(parent)).isDirectory()) throw new LabError('bad-input', `${parent} is not a folder`, { parent });
  } catch (error) {
    if (isLabError(error)) throw error;
    throw cannotWrite(destination, error);
  }
}

function cannotWrite(destination: string, error: unknown): LabError {
  return new LabError(
    'bad-input',
    `${destination} cannot be written: ${reasonOf(error)}. Choose another folder`,
    { destination },
    error,
  );
}
