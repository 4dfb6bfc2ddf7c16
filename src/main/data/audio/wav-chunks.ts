/**
 * The format and the samples of a WAV file, whatever stands around them: chunks in any order and of any kind, padded to even
 * lengths or not, 64-bit sizes (RF64, EBU Tech 3306), and streams that were written without knowing their length.
 * RIFF: Microsoft and IBM, Multimedia Programming Interface, 1991.
 */

/** Sizes that a writer leaves which does not know them yet. */
const UNKNOWN_SIZES = [0, 0xffff_ffff];
const HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
/** In `ds64`, after the size of the whole file. */
const DATA_SIZE_OFFSET = 8;

interface Chunk {
  readonly id: string;
  readonly start: number;
  readonly size: number;
}

function idAt(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}

/** Chunks that follow others. */
const KNOWN_IDS = new Set([
  'fmt ',
  'data',
  'LIST',
  'fact',
  'cue ',
  'smpl',
  'PEAK',
  'bext',
  'iXML',
  'JUNK',
  'junk',
  'id3 ',
]);

function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let longSize: number | undefined;
  let position = HEADER_BYTES;
  while (position + CHUNK_HEADER_BYTES <= bytes.length) {
    const id = idAt(bytes, position);
    const start = position + CHUNK_HEADER_BYTES;
    let size = view.getUint32(position + 4, true);
    if (id === 'ds64' && start + 16 <= bytes.length) {
      longSize = Number(view.getBigUint64(start + DATA_SIZE_OFFSET, true));
    }
    if (id === 'data' && UNKNOWN_SIZES.includes(size)) size = longSize ?? bytes.length - start;
    yield { id, start, size: Math.min(size, bytes.length - start) };
    const end = start + size;
    // Chunks are padded to even lengths, which some writers forget.
    const isPadded = size % 2 === 1 && !KNOWN_IDS.has(idAt(bytes, end));
    position = end + (isPadded ? 1 : 0);
  }
}

/**
 * The same sound as a WAV file of two chunks, format and samples, which any decoder reads.
 * @returns undefined for what is no WAV file, or lacks one of the two
 */
export function plainWav(bytes: Uint8Array): Uint8Array | undefined {
  if (!['RIFF', 'RF64', 'BW64'].includes(idAt(bytes, 0)) || idAt(bytes, 8) !== 'WAVE') return undefined;
  let format: Chunk | undefined;
  let data: Chunk | undefined;
  for (const chunk of chunksOf(bytes)) {
    if (chunk.id === 'fmt ') format ??= chunk;
    if (chunk.id === 'data') data ??= chunk;
    if (format !== undefined && data !== undefined) break;
  }
  if (format === undefined || data === undefined) return undefined;
  const padded = format.size + (format.size % 2);
  const result = new Uint8Array(HEADER_BYTES + CHUNK_HEADER_BYTES * 2 + padded + data.size);
  const view = new DataView(result.buffer);
  const write = (text: string, offset: number): void => {
    for (let index = 0; index < text.length; index += 1) result[offset + index] = text.charCodeAt(index);
  };
  write('RIFF', 0);
  view.setUint32(4, result.length - 8, true);
  write('WAVEfmt ', 8);
  view.setUint32(16, padded, true);
  result.set(bytes.subarray(format.start, format.start + format.size), 20);
  write('data', 20 + padded);
  view.setUint32(24 + padded, data.size, true);
  result.set(bytes.subarray(data.start, data.start + data.size), 28 + padded);
  return result;
}
