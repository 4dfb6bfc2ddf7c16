/** Image files for the tests, good and bad, made from numbers alone. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32, deflateRawSync, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { randomStream } from '../../src/shared/random.ts';

/** A picture with structure at every scale: sums of a few waves, different for each seed. */
export function picturePixels(seed: number, height: number, width: number): Uint8Array {
  const stream = randomStream(seed, 77);
  const waves = Array.from({ length: 18 }, () => ({
    channel: stream.integer(3),
    fx: stream.uniform() * 9,
    fy: stream.uniform() * 9,
    phase: stream.uniform() * 6.28,
    size: 15 + stream.uniform() * 40,
  }));
  const pixels = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const values = [128, 128, 128];
      for (const { channel, fx, fy, phase, size } of waves) {
        values[channel]! += size * Math.sin((6.28 * fx * x) / width + (6.28 * fy * y) / height + phase);
      }
      for (let channel = 0; channel < 3; channel += 1) {
        pixels[(y * width + x) * 3 + channel] = Math.min(255, Math.max(0, Math.round(values[channel]!)));
      }
    }
  }
  return pixels;
}

export function picture(seed: number, height = 96, width = 96): Sharp {
  return sharp(picturePixels(seed, height, width), { raw: { height, width, channels: 3 } });
}

export function writeFile(folder: string, path: string, content: Uint8Array | string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

/** A PNG whose header claims a size that its few bytes of data do not have. */
export function bombPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const data = deflateSync(Buffer.alloc(1000));
  return Buffer.concat([
    signature,
    pngChunk('IHDR', header),
    pngChunk('IDAT', data),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

export interface ZipMember {
  readonly name: string;
  readonly content: Uint8Array;
  /** Written instead of the right checksum. */
  readonly checksum?: number;
  /** Written instead of the right size. */
  readonly declaredSize?: number;
  readonly encrypted?: boolean;
}

/** A zip archive with exactly these names, whatever they are. */
export function zipArchive(members: readonly ZipMember[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const name = Buffer.from(member.name);
    const data = deflateRawSync(member.content);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(member.encrypted === true ? 0x801 : 0x800, 2); // UTF-8 names
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(member.checksum ?? crc32(member.content), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(member.declaredSize ?? member.content.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, name, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    const versionMadeBy = Buffer.from([20, 0]);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), versionMadeBy, fields, tail, name]));
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, end]);
}
