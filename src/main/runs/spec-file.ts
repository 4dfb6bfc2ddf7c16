/** Reads spec files, YAML or JSON (which is YAML too), and remembers on which line everything stands. */
import { readFile } from 'node:fs/promises';
import type { Document, Node, Pair } from 'yaml';
import { LineCounter, isMap, isPair, isScalar, isSeq, parse, parseDocument } from 'yaml';
import type { Problem } from '../../shared/contract/common.ts';
import { LabError, cannotRead, messageOf } from '../../shared/errors.ts';
import type { SpecPath } from '../../shared/spec/problems.ts';

export interface SpecSource {
  readonly value: unknown;
  /** `file:line` of a place in the spec, or what else says where it comes from. */
  locate(path: SpecPath): string;
}

/** Throws `LabError('not-found')` for a missing file and `LabError('bad-spec')` naming file and line for what is no spec. */
export async function readSpecFile(file: string): Promise<SpecSource> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw cannotRead('file', file, error);
  });
  const source = parseSpecText(text, file);
  const { value } = source;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return source;
  const found =
    value === null || value === undefined ? 'is empty' : `holds ${Array.isArray(value) ? 'a list' : 'a text'}`;
  throw new LabError('bad-spec', `${file} ${found}. ${whatASpecIs}`, { file });
}

/**
 * Throws `LabError('bad-spec')` naming the file, the line and the column.
 *
 * @param file as it is named in errors
 */
export function parseSpecText(text: string, file: string): SpecSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    const found = text.split('\n')[line - 1]?.trim() ?? '';
    // The library's own words for a quote that is missing: 'missing closing "quote'.
    const what = lowerFirst(error.message).replace(/ closing (['"])quote$/, ' closing quote $1');
    const reason = `${what}: “${shorten(found)}”`;
    throw new LabError(
      'bad-spec',
      `${file}:${line}:${col}: ${reason}. ${whatASpecIs}`,
      { file, line, column: col, reason },
      error,
    );
  }
  return {
    value: document.toJS() as unknown, // toJS is typed any
    locate: (path) => {
      const offset = offsetOf(document, path);
      return offset === undefined ? file : `${file}:${lines.linePos(offset).line}`;
    },
  };
}

/** What is wrong with a text that is no spec, for a page that shows the text beside it. */
export function syntaxProblem({ message, details: { line, reason } }: LabError): Problem {
  return {
    path: [],
    message: typeof reason === 'string' ? reason : message,
    ...(typeof line === 'number' && { line }),
  };
}

const whatASpecIs =
  "A spec is YAML or JSON: lines of the form 'key: value', such as 'task: masked-words'. There are whole ones in resources/examples, and 'pretext schema' says what may stand in an experiment";

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

const shownCharacters = 60;

function shorten(text: string): string {
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters - 1)}…`;
}

/**
 * The spec with `key=value` settings applied; keys are dotted paths (`training.steps`), values YAML; null takes a key away.
 * Throws
 * `LabError('bad-spec')` for a setting that is not of this form.
 */
export function withSettings(source: SpecSource, settings: readonly string[]): SpecSource {
  let { value } = source;
  const changed = new Map<string, string>();
  for (const setting of settings) {
    const [, key, text] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
    if (key === undefined || text === undefined) {
      throw new LabError('bad-spec', `--set ${setting}: write key=value, for example training.steps=1000`, { setting });
    }
    value = setAt(value, key.split('.'), parseSetting(setting, text), setting);
    changed.set(key, `--set ${setting}`);
  }
  return {
    value,
    locate(path) {
      const beginnings = path.map((_, length) => path.slice(0, path.length - length).join('.'));
      const setting = beginnings.map((beginning) => changed.get(beginning)).find((found) => found !== undefined);
      return setting ?? source.locate(path);
    },
  };
}

/** The same with settings as values by dotted path. */
export function withValues(source: SpecSource, settings: Readonly<Record<string, unknown>>): SpecSource {
  return withSettings(
    source,
    Object.entries(settings).map(([key, value]) => `${key}=${JSON.stringify(value)}`),
  );
}

function parseSetting(setting: string, text: string): unknown {
  try {
    return parse(text) as unknown; // parse is typed any
  } catch (error) {
    throw new LabError('bad-spec', `--set ${setting}: ${messageOf(error)}`, { setting }, error);
  }
}

function setAt(target: unknown, keys: readonly string[], value: unknown, setting: string): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  if (Array.isArray(target)) {
    const index = Number(key);
    if (!Number.isInteger(index) || index < 0 || index > target.length) {
      throw new LabError('bad-spec', `--set ${setting}: there is no item '${key}'; the list has ${target.length}`, {
        setting,
      });
    }
    const items = Array.from<unknown>(target);
    items[index] = setAt(items[index], rest, value, setting);
    return items;
  }
  // `task: masked-words` is short for an object with a type, so options can be set on it; the same with a preset.
  const shorthand =
    typeof target === 'string' ? (setting.startsWith('pipeline') ? { preset: target } : { type: target }) : target;
  const record: Record<string, unknown> = typeof shorthand === 'object' ? { ...shorthand } : {};
  if (value === null && rest.length === 0) {
    const { [key]: _removed, ...others } = record;
    return others;
  }
  return { ...record, [key]: setAt(record[key], rest, value, setting) };
}

/** Where a place in the spec begins: its key, or the nearest place around it that is there. */
function offsetOf(document: Document.Parsed, path: SpecPath): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined = startOf(node);
  for (const key of path) {
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key),
      );
      if (!pair) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      offset = startOf(node) ?? offset;
    } else {
      break;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0]; // parsed documents consist of nodes
}
