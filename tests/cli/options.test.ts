/** Options that cannot have an effect are refused, with what would have one; none is passed over in silence. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenText } from '../../src/main/hosts/cli/given-text.ts';
import { pretextInProcess } from './in-process.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pretext-options-'));
  process.env.PRETEXT_WORKSPACE = join(folder, 'workspace');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('wrong usage', () => {
  it.each([
    ['pipeline show lstm-lm --side 32', '--side has no effect here'],
    ['pipeline show crnn --length 32', 'the size of what this preset reads is set with --side'],
    ['corpus import some text --size 32', '--size has no effect without --images'],
    ['corpus import some photos --images --no-lowercase', '--no-lowercase has no effect with --images'],
    ['corpus import some text --k 4', '--k has no effect without --tokenizer-kind k-mers'],
    ['corpus import some text --tokenizer own.json --vocabulary-size 9', '--vocabulary-size has no effect with --tok'],
    ['dataset import some photos --images --text-column words', '--text-column has no effect with --images'],
    ['dataset import some words --audio --images', '--images has no effect with --audio'],
    ['dataset import some rows --maximum-frequency 4000', '--maximum-frequency has no effect without --audio'],
    ['dataset import some rows --frame-option bands=64', '--frame-option has no effect without --audio'],
    ['dataset import some rows --audio --frame-option mels=80', 'such as bands=64'],
    ['dataset import some rows --audio --frame-option bands=many', 'such as bands=64'],
    ['predict some-run text --choose 1', '--choose has no effect without --next'],
    ['predict some-run text --next the', "--next has the text already; what is 'text' for?"],
    ['predict some-run text --input t.csv', "--input has the questions already; what is 'text' for?"],
    ['predict some-run --input t.csv --next the', '--next has no effect with --input'],
    ['predict some-run --input t.csv', '--input needs --output <file>'],
    ['predict some-run text --text-column t', '--text-column has no effect without --input'],
  ])('%s', async (line, message) => {
    const { code, out, err } = await pretextInProcess(...line.split(' '));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });
});

describe('what cannot be', () => {
  it.each([
    ['pipeline show lstm-lm --set hiddenSiz=32', "lstm-lm: hiddenSiz: unknown option. Did you mean 'hiddenSize'?"],
    ['pipeline show lstm-lm --set hiddenSize=many', 'lstm-lm: hiddenSize: should be a number, not "many"'],
    ['corpus import several one two --images', 'There is no file or folder'],
    ['dataset import several --audio --test nothing-here', 'There is no file or folder'],
  ])('%s', async (line, message) => {
    expect(await pretextInProcess(...line.split(' '))).toMatchObject({
      code: 1,
      err: expect.stringContaining(message),
    });
  });
});

it('names the options of an import whose column is missing', async () => {
  const table = join(folder, 'rows.csv');
  writeFileSync(table, 'I love this film more than any other,good\n');
  const { code, err } = await pretextInProcess('dataset', 'import', 'films', table);
  expect(code).toBe(1);
  expect(err.replaceAll(/\s+/g, ' ')).toMatch(/has no column “text”; .* say so\. Columns are named .* --no-header/);
});

it('options of a preset change what is shown', async () => {
  const widths = [];
  for (const more of [[], ['--set', 'hiddenSize=32'], ['--set', 'hiddenSize=32', '--set', 'bidirectional=null']]) {
    const { code, out } = await pretextInProcess('pipeline', 'show', 'lstm-lm', '--length', '10', '--json', ...more);
    expect(code).toBe(0);
    const { blocks } = JSON.parse(out) as { blocks: { shape: number[] }[] };
    widths.push(blocks[0]?.shape);
  }
  expect(widths).toEqual([
    [10, 128],
    [10, 32],
    [10, 32],
  ]);
});

it('explains options within options', async () => {
  const { code, out } = await pretextInProcess('task', 'image-classification');
  expect(code).toBe(0);
  expect(out).toMatch(/^ {2}augmentation object, default \{\}$/m);
  expect(out).toMatch(
    /^ {2}augmentation\.rotation number from 0 to 180, default 0\n +Largest rotation to either side/m,
  );
});

it('explains within the width of the terminal', async () => {
  for (const name of ['token-embedding', 'recurrent', 'convolution', 'patch-cnn']) {
    const { out } = await pretextInProcess('pipeline', 'explain', name);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  }
});

it('does not take the path of a file for a text', async () => {
  const file = join(folder, 'review.txt');
  writeFileSync(file, 'I love this film');
  await expect(givenText(file)).rejects.toMatchObject({
    code: 'bad-input',
    message: expect.stringContaining('is a file'),
  });
  await expect(givenText(folder)).rejects.toThrow('is a folder');
  expect(await givenText('I love this film')).toBe('I love this film');
  expect(await pretextInProcess('generate', 'no-run', file)).toMatchObject({
    code: 1,
    err: expect.stringContaining('a text is wanted here'),
  });
});

it('looks at a table without importing it', async () => {
  const table = join(folder, 'look.tsv');
  writeFileSync(table, 'text\tlabel\n"Good," she said\tcafé\nfine\tcafe\u0301\nbad\tbar\nbad\tCafé\nx\n');
  const { code, out } = await pretextInProcess('dataset', 'import', 'looked', table, '--dry-run');
  expect(code).toBe(0);
  expect(out).toMatch(/delimiter +"\\t"/);
  expect(out).toMatch(/quotes +characters/);
  expect(out).toMatch(/café +2/);
  expect(out).toContain('Would be left out: line 6: has 1 field, the header has 2');
  expect(out).toContain('Nearly the same in label: “café” (2), “Café” (1)');
  expect(await pretextInProcess('dataset', 'show', 'looked')).toMatchObject({ code: 1 });
});
