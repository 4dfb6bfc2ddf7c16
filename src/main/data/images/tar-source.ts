/**
 * Images or recordings in a tar archive: WebDataset's, where the files of an example have one name and different endings
 * (`0001.jpg` and `0001.cls`), or a folder for each class. It is read from front to back, an example at a time.
 */
import { resolve } from 'node:path';
import { z } from 'zod';
import { OuterFolders } from '../import/sides.ts';
import { cleanLabel } from '../import/labels.ts';
import { readTar } from './read-tar.ts';
import {
  commonFolder,
  extensionOf,
  hasImageExtension,
  isSystemName,
  labelledByFolder,
  MAXIMUM_FILE_BYTES,
  type ImageEntry,
  type ImageSource,
  type UnusableEntry,
} from './source.ts';

export function isTarName(path: string): boolean {
  return /\.(?:tar|tgz|tbz2?|tar\.(?:gz|zst|bz2))$/i.test(path);
}

export interface TarOptions {
  /** Whether examples have labels: of their own, or by their folders. */
  readonly labelled: boolean;
  readonly isWanted?: (path: string) => boolean;
}

/** Endings of files that hold a label, the best first; the number or name of a class is what stands in them. */
const LABEL_ENDINGS = ['cls', 'label', 'class', 'json', 'txt'];
const LONGEST_LABEL_BYTES = 1024 * 1024;
const record = z.looseObject({ label: z.union([z.string(), z.number()]).optional() });

interface Group {
  readonly key: string;
  readonly files: { readonly path: string; readonly bytes: Buffer | null; readonly size: number }[];
  readonly labels: Map<string, string>;
}

interface Survey {
  readonly files: number;
  readonly hasLabels: boolean;
  readonly hasSides: boolean;
  /** The folder around everything, with its slash. */
  readonly wrapper: string;
}

function leadsOut(name: string): boolean {
  return name.split('/').includes('..');
}

/** The name of an example: everything before the first dot of the file's name. */
function keyOf(name: string): { readonly key: string; readonly ending: string } {
  const slash = name.lastIndexOf('/') + 1;
  const dot = name.indexOf('.', slash);
  return dot < 0 ? { key: name, ending: '' } : { key: name.slice(0, dot), ending: name.slice(dot + 1).toLowerCase() };
}

function labelOf(ending: string, content: string): string | undefined {
  if (ending !== 'json') return content.trim();
  try {
    const { label } = record.parse(JSON.parse(content));
    return label === undefined ? undefined : String(label);
  } catch {
    return undefined; // about something else
  }
}

export function tarSource(file: string, { labelled, isWanted = hasImageExtension }: TarOptions): ImageSource {
  const path = resolve(file);
  const ignored = new Map<string, number>();
  const isHidden = (name: string): boolean =>
    name.split('/').some((part) => part !== '..' && part !== '.' && isSystemName(part));
  const isLabel = (name: string): boolean => labelled && LABEL_ENDINGS.includes(keyOf(name).ending);

  async function survey(signal: AbortSignal): Promise<Survey> {
    let files = 0;
    let hasLabels = false;
    let wrapper: string | undefined;
    const folders = new Set<string>();
    for await (const { name } of readTar(path, () => false, signal)) {
      if (isHidden(name)) continue;
      if (isWanted(name)) {
        files += 1;
        if (leadsOut(name)) continue;
        wrapper = commonFolder(wrapper, bare(name));
        folders.add(`${bare(name).slice(0, bare(name).lastIndexOf('/') + 1)}*`);
      } else if (isLabel(name)) hasLabels = true;
    }
    const outer = new OuterFolders();
    for (const folder of folders) outer.add(folder.slice((wrapper ?? '').length));
    return { files, hasLabels, hasSides: labelled && outer.areSides, wrapper: wrapper ?? '' };
  }

  async function* groups(signal: AbortSignal): AsyncGenerator<Group> {
    let group: Group | undefined;
    const wants = (name: string, size: number): boolean =>
      (isWanted(name) && size <= MAXIMUM_FILE_BYTES) || (isLabel(name) && size <= LONGEST_LABEL_BYTES);
    for await (const { name, size, bytes } of readTar(path, wants, signal)) {
      if (isHidden(name)) continue;
      const { key, ending } = keyOf(name);
      if (group?.key !== key) {
        if (group !== undefined) yield group;
        group = { key, files: [], labels: new Map() };
      }
      if (isWanted(name)) group.files.push({ path: bare(name), bytes, size });
      else if (isLabel(name) && bytes !== null) {
        const label = labelOf(ending, bytes.toString('utf8'));
        if (label !== undefined) group.labels.set(ending, label);
      } else ignored.set(extensionOf(name), (ignored.get(extensionOf(name)) ?? 0) + 1);
    }
    if (group !== undefined) yield group;
  }

  return {
    kind: 'tar',
    path,
    count: async (signal) => (await survey(signal)).files,
    async *entries(signal) {
      const { hasLabels, hasSides, wrapper } = await survey(signal);
      ignored.clear();
      for await (const { files, labels } of groups(signal)) {
        const ending = LABEL_ENDINGS.find((one) => labels.has(one));
        const own = cleanLabel(ending === undefined ? '' : (labels.get(ending) ?? ''));
        for (const { path: whole, bytes, size } of files) {
          const name = leadsOut(whole) ? whole : whole.slice(wrapper.length);
          if (leadsOut(name)) {
            yield { path: name, unusable: { reason: 'unsafe-path', message: 'leads out of the archive' } };
          } else if (bytes === null) {
            const message = `has ${size} bytes; at most ${MAXIMUM_FILE_BYTES} are read`;
            yield { path: name, unusable: { reason: 'too-large', message } };
          } else yield withLabel({ path: name, read: () => Promise.resolve(bytes) }, own, hasLabels, hasSides);
        }
      }
    },
    ignored: () => ignored,
  };

  function withLabel(
    entry: ImageEntry,
    own: string,
    hasLabels: boolean,
    hasSides: boolean,
  ): ImageEntry | UnusableEntry {
    if (!labelled) return entry;
    if (!hasLabels) return labelledByFolder(entry, hasSides);
    if (own !== '') return { ...entry, label: own };
    const message = `has no label beside it (${LABEL_ENDINGS.slice(0, 3)
      .map((one) => `.${one}`)
      .join(', ')} or a “label” in .json)`;
    return { path: entry.path, unusable: { reason: 'no-label', message } };
  }
}

/** Without the dot that many archives begin their names with. */
function bare(name: string): string {
  return name.replace(/^(?:\.\/)+/u, '');
}
