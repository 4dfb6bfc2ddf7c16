/**
 * Networks of this lab, as `pretext export --format safetensors` writes them: `model.json` has the pipeline, and the weights have the
 * lab's own names.
 */
import { join } from 'node:path';
import { formatCount } from '../../../shared/display.ts';
import { LabError } from '../../../shared/errors.ts';
import { exportedNetwork } from '../../../shared/spec/manifests/exported-network.ts';
import { elementCount } from '../../graph/shape.ts';
import type { ReadModel, Recognition } from '../family.ts';
import { defineModelFamily } from '../family.ts';
import type { ModelSource } from '../source.ts';
import { readTokenizer } from './text/tokenizer-source.ts';

const descriptionName = 'model.json';

/** What model.json says; undefined for one that is no network of the lab. */
async function descriptionOf(source: ModelSource): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (source.tensorFile === undefined || source.config !== undefined) return undefined;
  const about = await source.json(descriptionName);
  const isOwn = typeof about === 'object' && about !== null && 'pipeline' in about && 'lab' in about;
  return isOwn ? { ...about } : undefined;
}

/** Throws `LabError('bad-input')` naming the fields that are missing or other than expected. */
function parsed(about: Readonly<Record<string, unknown>>, source: ModelSource) {
  const result = exportedNetwork.safeParse(about);
  if (result.success) return result.data;
  const path = join(source.folder, descriptionName);
  const problems = result.error.issues.map(({ path: field, message }) => `${field.join('.')}: ${message}`);
  const message = `${path}: ${problems.slice(0, 5).join('; ')}. Export the model again with the lab that it is from`;
  throw new LabError('bad-input', message, { path });
}

/** Options that say how often something with weights of its own is there. */
const repeats: ReadonlySet<string> = new Set(['layers', 'units']);
/** No other size in a pipeline is larger. Vocabularies are, which are compared with the tokenizer. */
const largestSize = 2 ** 16;

/**
 * A damaged description, or one that is meant to do harm, must not have more built than the weights fill.
 *
 * @param tensors how many there are
 */
function requireFilled(value: unknown, tensors: number, path: string, field = 'pipeline'): void {
  if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) requireFilled(member, tensors, path, `${field}.${key}`);
    return;
  }
  const name = field.slice(field.lastIndexOf('.') + 1);
  const most = repeats.has(name) ? tensors : largestSize;
  if (typeof value !== 'number' || value <= most || name === 'vocabularySize') return;
  throw new LabError('bad-input', `${path}: ${field} is ${value}, where its weights can fill ${most}`, { path });
}

const titleOf = (name: string): string => `${name}, from Pretext Lab`;

async function recognise(source: ModelSource): Promise<Recognition | undefined> {
  const about = await descriptionOf(source);
  if (!about) return undefined;
  const { name, head } = parsed(about, source);
  const { entries } = await source.tensors();
  const count = [...entries.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return {
    title: titleOf(name),
    facts: [
      ['weights', formatCount(count)],
      ['heads', head?.title ?? 'none'],
    ],
  };
}

async function read(source: ModelSource): Promise<ReadModel> {
  const { name, pipeline, input, head, images } = parsed((await descriptionOf(source)) ?? {}, source);
  const tokenizer = input.kind === 'tokens' ? await readTokenizer(source) : undefined;
  const path = join(source.folder, source.tensorFile ?? '');
  if (input.kind === 'tokens' && tokenizer?.vocabularySize !== input.vocabularySize) {
    const found = tokenizer ? `has ${tokenizer.vocabularySize} tokens` : 'is missing';
    const message = `${source.folder}: its tokenizer.json ${found}, and the network reads ${input.vocabularySize}. Copy the whole folder of the export`;
    throw new LabError('bad-input', message, { path: source.folder });
  }
  const archive = await source.tensors();
  const description = join(source.folder, descriptionName);
  requireFilled(pipeline, archive.entries.size, description);
  requireFilled(input, archive.entries.size, description, 'input');
  const weights = [...archive.entries].flatMap(([weight, { shape }]) => {
    const isTaken = weight.startsWith('backbone/') || (head !== null && weight.startsWith('head/'));
    return isTaken ? [[weight, { shape, read: () => archive.read(weight) }] as const] : [];
  });
  if (weights.length === 0) throw new LabError('bad-input', `${path} has no weights of the lab's names`, { path });
  return {
    title: titleOf(name),
    pipeline,
    input,
    weights: new Map(weights),
    heads: head ? [head] : [],
    tokenizer: tokenizer?.toJson(),
    ...(images && { preprocessing: images }),
    notes: [],
  };
}

defineModelFamily({ name: 'pretext-lab', title: 'Pretext Lab', kind: 'own', recognise, read });
