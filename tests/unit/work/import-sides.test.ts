// Imports as the window asks for them: a split in files of its own, and labels of sequences, reach the importers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { importMaterial } from '../../../src/main/work/import.ts';
import { findMaterial } from '../../../src/main/workspace/catalogue.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';
import { importRequest, type ImportRequest } from '../../../src/shared/contract/materials.ts';
import { tone, wavFile } from '../audio-fixtures.ts';
import { picture } from '../data-images-fixtures.ts';

async function imported(
  files: Readonly<Record<string, string | Uint8Array>>,
  request: (at: (name: string) => string) => ImportRequest,
) {
  const folder = mkdtempSync(join(tmpdir(), 'pretext-sides-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  for (const [name, content] of Object.entries(files)) writeFileSync(at(name), content);
  const workspace = await openWorkspace(at('workspace'));
  const context = { workspace, signal: new AbortController().signal, progress: () => undefined };
  const made = await importMaterial(context, importRequest.parse(request(at)));
  return (await findMaterial(workspace, made.group, made.name)).manifest;
}

const table = (name: string, rows: number): string =>
  `text,label\n${Array.from({ length: rows }, (_, at) => `${name} ${at},${at % 2 ? 'x' : 'y'}`).join('\n')}\n`;

describe('an import that the window asks for', () => {
  it('has the sides of texts in files of their own', async () => {
    const files = { 'train.csv': table('train', 10), 'dev.csv': table('dev', 4), 'test.csv': table('test', 6) };
    const manifest = await imported(files, (at) => ({
      ...{ kind: 'text-dataset', name: 'a', sources: [at('train.csv')] },
      sides: { validation: [at('dev.csv')], test: [at('test.csv')] },
    }));
    expect(manifest.officialSplit).toEqual({ training: 10, validation: 4, test: 6 });
  });

  it('has the sides of images and recordings as well', async () => {
    const pictures = await Promise.all([1, 2, 3, 4].map((seed) => picture(seed, 24, 24).png().toBuffer()));
    const images = Object.fromEntries(pictures.map((bytes, at) => [`${at}.png`, bytes]));
    const sounds = Object.fromEntries(
      [1, 2, 3, 4].map((pitch, at) => [`${at}.wav`, wavFile([tone(200 * pitch, 0.1, 16_000)], 16_000, { bits: 16 })]),
    );
    const list = (ending: string, ...numbers: number[]): string =>
      `path,label\n${numbers.map((at) => `${at}.${ending},${at % 2 ? 'x' : 'y'}`).join('\n')}\n`;
    const sides = (at: (name: string) => string) => ({ test: [at('test.csv')] });
    const ofImages = await imported(
      { ...images, 'train.csv': list('png', 0, 1, 2), 'test.csv': list('png', 3) },
      (at) => ({
        ...{ kind: 'image-dataset', name: 'a', sources: [at('train.csv')], labelColumn: 'label', sides: sides(at) },
        options: { size: 16, nearDistance: 0 },
      }),
    );
    expect(ofImages.officialSplit).toEqual({ training: 3, validation: 0, test: 1 });
    const ofSounds = await imported(
      { ...sounds, 'train.csv': list('wav', 0, 1, 2), 'test.csv': list('wav', 3) },
      (at) => ({
        kind: 'audio-dataset',
        name: 'a',
        sources: [at('train.csv')],
        labelColumn: 'label',
        sides: sides(at),
      }),
    );
    expect(ofSounds.officialSplit).toEqual({ training: 3, validation: 0, test: 1 });
  });

  it('has labels of sequences by a pattern', async () => {
    const fasta = '>a|human\nACGT\n>b|mouse\nCCGT\n';
    const manifest = await imported({ 'a.fa': fasta }, (at) => ({
      ...{ kind: 'text-dataset', name: 'a', sources: [at('a.fa')], sequences: { headerPattern: '\\|(\\w+)' } },
    }));
    expect(manifest.classes).toEqual([
      { name: 'human', examples: 1 },
      { name: 'mouse', examples: 1 },
    ]);
  });
});
