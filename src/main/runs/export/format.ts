/**
 * What a format is: a name, whom it serves, what it can take, and how it is written. Help texts and pages are derived from the
 * definitions; adding a format is one file with a `defineFormat`, imported by the folder's index, and its tests.
 */
import { LabError } from '../../../shared/errors.ts';
import { nearest } from '../../../shared/spec/problems.ts';
import type { ExportSource, ExportSubject } from './source.ts';

/** What a person may choose besides the format. Formats say which of it they know. */
export interface ExportSettings {
  /** Weights as 8-bit integers. */
  readonly quantize: 'none' | 'int8';
}

export type ExportOption = keyof ExportSettings;

export interface ExportContext {
  readonly settings: ExportSettings;
  readonly signal: AbortSignal;
  /** Told what is being done, e.g. 'Writing the network'. */
  readonly onPhase: (phase: string) => void;
}

export interface WrittenExport {
  /** Names within the folder, the most important first. */
  readonly files: readonly string[];
  /** What whoever uses the files has to know, in sentences. */
  readonly notes: readonly string[];
}

export interface ExportFormat {
  /** As on the command line, e.g. `onnx`. */
  readonly name: string;
  readonly title: string;
  /** What it is for, in a sentence. */
  readonly summary: string;
  readonly options: readonly ExportOption[];
  /** Why a network cannot be written in this format; undefined where it can. */
  refusal(subject: ExportSubject): string | undefined;
  /** Fills an empty folder. Throws `LabError`; whatever was written is thrown away then. */
  write(source: ExportSource, folder: string, context: ExportContext): Promise<WrittenExport>;
}

const registry = new Map<string, ExportFormat>();

/** Registers a format. Names are unique. */
export function defineFormat(format: ExportFormat): ExportFormat {
  if (registry.has(format.name)) throw new LabError('internal', `the format ${format.name} is defined twice`);
  registry.set(format.name, format);
  return format;
}

/** In the order in which they were registered, which pages and help show. */
export function registeredFormats(): readonly ExportFormat[] {
  return [...registry.values()];
}

/** Throws `LabError('bad-input')` naming the formats there are. */
export function findFormat(name: string): ExportFormat {
  const format = registry.get(name);
  if (format) return format;
  const guess = nearest(name, registry.keys());
  const hint = guess === undefined ? `Formats: ${[...registry.keys()].join(', ')}` : `Did you mean '${guess}'?`;
  throw new LabError('bad-input', `There is no export format '${name}'. ${hint}`, { name });
}
