/**
 * Decompression of LZ4 frames (https://github.com/lz4/lz4, “LZ4 Frame Format”, version 1.6, and “LZ4 Block Format”), in which
 * Arrow files are compressed. Checksums are passed over: the lengths of what comes out are checked instead.
 */

const MAGIC = 0x184d2204;

/** @param size of what comes out. @throws RangeError for a frame that is damaged, or holds more or less */
export function decodeLz4(frame: Uint8Array, size: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError('is no LZ4 frame');
  const flags = view.getUint8(4);
  const hasBlockChecksums = (flags & 0x10) !== 0;
  const hasSize = (flags & 0x08) !== 0;
  const hasDictionary = (flags & 0x01) !== 0;
  let position = 7 + (hasSize ? 8 : 0) + (hasDictionary ? 4 : 0);
  const output = new Uint8Array(size);
  let written = 0;
  for (;;) {
    const header = view.getUint32(position, true);
    position += 4;
    if (header === 0) break;
    const length = header & 0x7fffffff;
    const block = frame.subarray(position, position + length);
    if (block.length < length) throw new RangeError('the LZ4 frame ends too early');
    if ((header & 0x80000000) === 0) written = decodeBlock(block, output, written);
    else {
      if (written + length > size) throw new RangeError('the LZ4 frame is longer than it says');
      output.set(block, written);
      written += length;
    }
    position += length + (hasBlockChecksums ? 4 : 0);
  }
  if (written !== size) throw new RangeError(`the LZ4 frame has ${written} bytes and not ${size}`);
  return output;
}

/** Appends a block to the output, whose earlier bytes matches may refer to; where it ends. */
function decodeBlock(block: Uint8Array, output: Uint8Array, start: number): number {
  let position = 0;
  let written = start;
  const longLength = (first: number): number => {
    let length = first;
    for (let more = 255; first === 15 && more === 255; length += more) {
      more = block[position] ?? fail();
      position += 1;
    }
    return length;
  };
  while (position < block.length) {
    const token = block[position]!;
    position += 1;
    const literals = longLength(token >> 4);
    if (position + literals > block.length || written + literals > output.length) fail();
    output.set(block.subarray(position, position + literals), written);
    position += literals;
    written += literals;
    if (position >= block.length) break; // the last sequence has literals alone
    const offset = block[position]! | ((block[position + 1] ?? fail()) << 8);
    position += 2;
    const length = longLength(token & 15) + 4;
    if (offset === 0 || offset > written || written + length > output.length) fail();
    // Byte by byte: a match may reach into what it writes itself.
    for (let index = 0; index < length; index += 1) output[written + index] = output[written - offset + index]!;
    written += length;
  }
  return written;
}

function fail(): never {
  throw new RangeError('the LZ4 block is damaged');
}
