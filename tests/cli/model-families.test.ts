// A model of every family on the command line: imported with its options, shown, listed, asked, made into vectors, and begun with.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FamilyModel } from '../family-models.ts';
import { createFamilyWorkspace, dataFor, familyModels, nameOf, sourceOf } from '../family-models.ts';
import type { TinyImageWorkspace } from '../tiny-images.ts';
import { pretextInProcess } from './in-process.ts';

let tiny: TinyImageWorkspace;
const place = (name: string): string => path.join(tiny.folder, name);

beforeAll(async () => {
  tiny = await createFamilyWorkspace();
  const background = '#c07020';
  await sharp({ create: { width: 50, height: 50, channels: 3, background } })
    .png()
    .toFile(place('picture.png'));
});
afterAll(() => tiny.remove());

/** What a command prints as JSON; it must succeed. */
async function pretext(...args: readonly string[]): Promise<unknown> {
  const { code, out, err } = await pretextInProcess('--workspace', tiny.workspace.folder, '--json', ...args);
  expect(code, err).toBe(0);
  return out.trim() === '' ? undefined : (JSON.parse(out) as unknown);
}

function question(name: string, { reads, head }: FamilyModel): readonly string[] {
  if (head === 'next-word') return ['generate', name, 'the cat'];
  return ['predict', name, reads === 'image' ? place('picture.png') : 'the [MASK] sees a river .'];
}

describe.each(familyModels)('$file', (row) => {
  const { family, reads, head, settings } = row;
  const name = nameOf(row);

  it('is imported and shown', async () => {
    const size = settings ? ['--size', '40', '--fit', 'stretch'] : [];
    await pretext('model', 'import', sourceOf(row, tiny.folder), '--name', name, ...size);
    expect(await pretext('model', 'show', name)).toMatchObject({ name, family });
    expect(await pretext('model', 'list')).toContainEqual(expect.objectContaining({ name }));
    expect(await pretext('card', name)).toMatchObject({ of: 'model', name });
  });

  it.skipIf(head === undefined)('is asked', async () => {
    expect(await pretext(...question(name, row))).toBeDefined();
  });

  it('makes vectors of a file', async () => {
    const input = reads === 'text' ? place('rows.jsonl') : place('picture.png');
    const output = place(`${name}.vectors.jsonl`);
    await pretext('predict', `model:${name}`, '--input', input, '--output', output, '--embeddings');
    const [first = ''] = (await readFile(output, 'utf8')).split('\n');
    const { embedding } = JSON.parse(first) as { embedding: readonly number[] }; // as it was written
    expect(embedding.length).toBeGreaterThan(1);
    expect(embedding.every(Number.isFinite)).toBe(true);
  });

  it('is what an experiment begins with', async () => {
    const file = place(`${name}.yaml`);
    const task = reads === 'text' ? '{type: text-classification, length: 12}' : '{type: image-classification}';
    await writeFile(file, `name: begins\ntask: ${task}\ndata: ${dataFor(row)}\nfrom: {model: ${name}}\n`);
    const plan = await pretext('run', file, '--dry-run');
    expect(plan).toMatchObject({ weights: { label: `model ${name}` } });
  });
});
