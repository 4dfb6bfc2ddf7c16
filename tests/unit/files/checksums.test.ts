// Checksums of folders, seals of files and lines: every flipped bit is found, and what older labs wrote is read as before.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checksumsName, sealFolder, sha256Of, verifyFile, verifyFiles } from '../../../src/main/files/checksums.ts';
import { sealJson, unsealJson } from '../../../src/main/files/sealed-json.ts';
import { sealLine, unsealLine } from '../../../src/main/files/sealed-lines.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checksums-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Every single bit of a text, flipped. */
function* flips(text: string): Generator<string> {
  const bytes = Buffer.from(text);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield flipped.toString('latin1');
  }
}

describe('checksums of a folder', () => {
  it('are those that sha256sum computes, and find what has changed or gone', async () => {
    await mkdir(join(folder, 'below'));
    await writeFile(join(folder, 'a.bin'), Buffer.alloc(3_000_000, 7)); // more than is read at a time
    await writeFile(join(folder, 'below', 'ä b.txt'), 'text');
    await writeFile(join(folder, 'grows.jsonl'), 'a line\n');
    await sealFolder(folder, new Set(['grows.jsonl']));
    // SHA-256 of 'text', by another program.
    const sums = await readFile(join(folder, checksumsName), 'utf8');
    expect(sums).toContain('982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1  below/ä b.txt\n');
    if (process.platform === 'linux') {
      const said = execFileSync('/usr/bin/env', ['sha256sum', '-c', checksumsName], { cwd: folder, encoding: 'utf8' });
      expect(said.trim().split('\n')).toHaveLength(2);
    }
    await writeFile(join(folder, 'grows.jsonl'), 'a line\nanother\n');
    expect(await verifyFiles(folder)).toBe('whole');
    expect(await verifyFile(join(folder, 'below', 'ä b.txt'))).toBe('whole');

    await writeFile(join(folder, 'below', 'ä b.txt'), 'tex4');
    await expect(verifyFiles(folder)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('ä b'),
    });
    await expect(verifyFile(join(folder, 'below', 'ä b.txt'))).rejects.toThrow('SHA-256 differs');
    expect(await verifyFiles(folder, ['a.bin'])).toBe('whole');
    await rm(join(folder, 'a.bin'));
    await expect(verifyFiles(folder, ['a.bin'])).rejects.toThrow('it is not there');
  });

  it('are missed by nobody in folders of older labs', async () => {
    await writeFile(join(folder, 'a'), 'a');
    expect(await verifyFiles(folder)).toBe('not verified');
    expect(await verifyFile(join(folder, 'a'))).toBe('not verified');
    expect(await sha256Of(join(folder, 'a'))).toBe('ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb');
  });

  it('are not trusted when they are damaged themselves', async () => {
    await writeFile(join(folder, checksumsName), 'not a line of checksums\n');
    await expect(verifyFiles(folder)).rejects.toMatchObject({ code: 'corrupt' });
  });
});

describe('a seal', () => {
  const content = { formatVersion: 1, order: ['a-1', 'b-2'], held: false, rate: 1e-3, nested: { 2: 'x', 1: null } };

  it('of a file comes off again, and no bit of the file can flip unseen', () => {
    const text = sealJson(content);
    expect(unsealJson('f', text)).toEqual(content);
    let same = 0;
    for (const flipped of flips(text)) {
      try {
        const read = unsealJson('f', flipped);
        // A flip may leave the JSON as it was, such as a space that became another kind of white space …
        if (JSON.stringify(read) === JSON.stringify(content)) same += 1;
        // … or change the name of the seal itself, which the schema of the file then refuses.
        else expect(Object.keys(read as object)).toHaveLength(Object.keys(content).length + 1);
      } catch (error) {
        expect(error).toMatchObject({ code: 'corrupt' });
      }
    }
    expect(same).toBeLessThan(text.length);
    expect(unsealJson('f', JSON.stringify(content))).toEqual(content); // of an older lab
  });

  it('of a line comes off again, and no bit of the line can flip unseen', () => {
    const event = { time: 1700000000000, type: 'step', step: 12, scalars: { loss: 0.123, accuracy: null } };
    const line = sealLine(event);
    expect(unsealLine(line)).toEqual(event);
    expect(JSON.parse(line)).toMatchObject(event); // other programs read it
    for (const flipped of flips(line)) {
      const read = unsealLine(flipped);
      // Where the name of the seal flips, the line has a member that nothing knows; what it says is still true.
      if (read !== undefined) expect(read).toMatchObject(event);
    }
    expect(unsealLine(JSON.stringify(event))).toEqual(event);
    expect(unsealLine(line.slice(0, -9))).toBeUndefined();
  });
});
