/**
 * The safetensors format of Hugging Face (https://github.com/huggingface/safetensors, "Format"): eight bytes with the
 * little-endian length of a JSON header, the header, then the tensors' bytes, little-endian and row-major, without gaps.
 * Reading checks everything the format promises, because a checkpoint that was cut off must not become wrong weights.
 */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { LabError } from '../../shared/errors.ts';
import { elementCount, showShape } from '../graph/shape.ts';

export type SafetensorsData = Float32Array | Int32Array | Uint8Array;

export interface SafetensorsTensor {
  readonly shape: readonly number[];
  readonly data: SafetensorsData;
}

export interface SafetensorsFile {
  /** In the order of their places in the file. */
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Longer headers are refused, as in the reference implementation. */
const maximumHeaderBytes = 100_000_000;
const headerAlignment = 8;

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Writes the tensors to a new file and waits until they are on the disk. Same tensors, same bytes: the order is by size
 * of element (so that every tensor is aligned) and then by name. Throws what the file system throws.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const order = [...tensors].sort(
    ([a, { data: left }], [b, { data: right }]) =>
      right.BYTES_PER_ELEMENT - left.BYTES_PER_ELEMENT || (a < b ? -1 : a > b ? 1 : 0),
  );
  const handle = await open(path, 'w');
  try {
    await writeAll(handle, encodeHeader(order, metadata));
    for (const [, { data }] of order) {
      await writeAll(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Reads a whole file. Floats of any width become float32, integers int32 (a 64-bit integer that does not fit is an
 * error), U8 and BOOL stay bytes. Throws `LabError('not-found')` and, for a damaged file, `LabError('corrupt')`.
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw new LabError('not-found', `${path} cannot be opened: is it there, and may it be read?`, { path }, error);
  });
  try {
    const { size } = await handle.stat();
    const { entries, metadata, dataStart } = await readHeader(handle, path, size);
    const tensors = new Map<string, SafetensorsTensor>();
    for (const entry of entries) {
      const bytes = await readExactly(handle, dataStart + entry.begin, entry.end - entry.begin, path);
      tensors.set(entry.name, { shape: entry.shape, data: decode(entry, bytes, path) });
    }
    return { tensors, metadata };
  } finally {
    await handle.close();
  }
}

function encodeHeader(
  order: readonly (readonly [string, SafetensorsTensor])[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let offset = 0;
  for (const [name, { shape, data }] of order) {
    if (elementCount(shape) !== data.length) {
      throw new LabError('internal', `${name} has the shape ${showShape(shape)} but ${data.length} elements`);
    }
    const dtype = data instanceof Float32Array ? 'F32' : data instanceof Int32Array ? 'I32' : 'U8';
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / headerAlignment) * headerAlignment;
  const bytes = new Uint8Array(8 + length).fill(0x20); // padded with spaces
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written);
    written += bytesWritten;
  }
}

async function readExactly(handle: FileHandle, position: number, length: number, path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, position + read);
    if (bytesRead === 0) throw damaged(path, 'it ends too early');
    read += bytesRead;
  }
  return bytes;
}

async function readHeader(
  handle: FileHandle,
  path: string,
  size: number,
): Promise<{ entries: readonly Entry[]; metadata: Record<string, string>; dataStart: number }> {
  if (size < 8) throw damaged(path, `it has ${size} bytes, which is too short for a header`);
  const start = await readExactly(handle, 0, 8, path);
  const length = Number(new DataView(start.buffer).getBigUint64(0, true));
  if (length > maximumHeaderBytes || length > size - 8) {
    throw damaged(path, `its header claims ${length} bytes and the file has ${size}`);
  }
  const { entries, metadata } = parseHeader(await readExactly(handle, 8, length, path), path);
  let end = 0;
  for (const entry of entries) {
    if (entry.begin !== end) throw damaged(path, `its tensors overlap or leave a gap before ${entry.name}`);
    end = entry.end;
  }
  if (8 + length + end !== size) {
    throw damaged(path, `its tensors need ${8 + length + end} bytes and the file has ${size}`);
  }
  return { entries, metadata, dataStart: 8 + length };
}

/** Sorted by place. */
function parseHeader(bytes: Uint8Array, path: string): { entries: readonly Entry[]; metadata: Record<string, string> } {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw damaged(path, 'its header is not JSON', error);
  }
  if (!isRecord(header)) throw damaged(path, 'its header is not a JSON object');
  const metadata: Record<string, string> = {};
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name !== '__metadata__') {
      entries.push(parseEntry(name, value, path));
      continue;
    }
    if (!isRecord(value)) throw damaged(path, 'its __metadata__ is not an object');
    for (const [key, text] of Object.entries(value)) {
      if (typeof text !== 'string') throw damaged(path, `the metadata '${key}' is not a text`);
      metadata[key] = text;
    }
  }
  return { entries: entries.sort((a, b) => a.begin - b.begin || a.end - b.end), metadata };
}

function parseEntry(name: string, value: unknown, path: string): Entry {
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  const isCount = (item: unknown): item is number => Number.isSafeInteger(item) && Number(item) >= 0;
  if (typeof dtype !== 'string' || !Array.isArray(shape) || !shape.every(isCount)) {
    throw damaged(path, `the entry of ${name} has no dtype or shape`);
  }
  const [begin, end] = Array.isArray(offsets) && offsets.every(isCount) ? offsets : [];
  const elementBytes = dtypes[dtype]?.bytes;
  if (elementBytes === undefined) {
    throw new LabError(
      'bad-input',
      `${path}: ${name} has the type ${dtype}, which cannot be read. Types: ${Object.keys(dtypes).join(', ')}`,
      { path, tensor: name, dtype },
    );
  }
  if (begin === undefined || end === undefined || end - begin !== elementCount(shape) * elementBytes) {
    throw damaged(path, `${name} is ${dtype} ${showShape(shape)}, which its place in the file does not fit`);
  }
  return { name, dtype, shape, begin, end };
}

function decode({ name, dtype, shape }: Entry, bytes: Uint8Array, path: string): SafetensorsData {
  const decoded = dtypes[dtype]?.decode(
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    elementCount(shape),
  );
  if (!decoded) {
    throw new LabError('bad-input', `${path}: ${name} has integers that do not fit 32 bits`, { path, tensor: name });
  }
  return decoded;
}

interface DType {
  readonly bytes: number;
  /** Undefined when a value does not fit. */
  readonly decode: (view: DataView, count: number) => SafetensorsData | undefined;
}

const float = (bytes: number, get: (view: DataView, offset: number) => number): DType => ({
  bytes,
  decode: (view, count) => Float32Array.from({ length: count }, (_, index) => get(view, index * bytes)),
});

const integer = (bytes: number, get: (view: DataView, offset: number) => number): DType => ({
  bytes,
  decode: (view, count) => {
    const data = new Int32Array(count);
    for (let index = 0; index < count; index++) {
      const value = get(view, index * bytes);
      data[index] = value;
      if (data[index] !== value) return undefined;
    }
    return data;
  },
});

const byte: DType = { bytes: 1, decode: (view, count) => new Uint8Array(view.buffer, view.byteOffset, count) };

/** Little-endian machines read float32 and int32 as they lie. */
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

const dtypes: Readonly<Record<string, DType>> = {
  F32: isLittleEndian
    ? { bytes: 4, decode: (view, count) => new Float32Array(view.buffer, view.byteOffset, count) }
    : float(4, (view, offset) => view.getFloat32(offset, true)),
  F64: float(8, (view, offset) => view.getFloat64(offset, true)),
  F16: float(2, (view, offset) => halfToNumber(view.getUint16(offset, true))),
  BF16: float(2, bfloat16At),
  I8: integer(1, (view, offset) => view.getInt8(offset)),
  I16: integer(2, (view, offset) => view.getInt16(offset, true)),
  U16: integer(2, (view, offset) => view.getUint16(offset, true)),
  I32: integer(4, (view, offset) => view.getInt32(offset, true)),
  U32: integer(4, (view, offset) => view.getUint32(offset, true)),
  I64: integer(8, (view, offset) => Number(view.getBigInt64(offset, true))),
  U64: integer(8, (view, offset) => Number(view.getBigUint64(offset, true))),
  U8: byte,
  BOOL: byte,
};

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const bfloat16Scratch = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of a float32. */
function bfloat16At(view: DataView, offset: number): number {
  bfloat16Scratch.setUint32(0, view.getUint16(offset, true) << 16);
  return bfloat16Scratch.getFloat32(0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function damaged(path: string, why: string, cause?: unknown): LabError {
  return new LabError('corrupt', `${path} is not a whole safetensors file: ${why}`, { path }, cause);
}
