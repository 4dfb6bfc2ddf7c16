/**
 * The safetensors format of Hugging Face (https://github.com/huggingface/safetensors, "Format"): eight bytes with the
 * little-endian length of a JSON header, the header, then the tensors' bytes, little-endian and row-major, without gaps.
 * Reading checks everything the format promises, because a checkpoint that was cut off must not become wrong weights.
 */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { LabError } from '../../shared/errors.ts';
import { elementCount, showShape } from '../graph/shape.ts';
import type { SafetensorsData } from './safetensors-types.ts';
import { dtypes } from './safetensors-types.ts';

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
    const described = order.map(([name, { shape, data }]): HeaderEntry => {
      requireLength(name, shape, data);
      const dtype = data instanceof Float32Array ? 'F32' : data instanceof Int32Array ? 'I32' : 'U8';
      return { name, shape, dtype, bytes: data.byteLength };
    });
    await writeAll(handle, encodeHeader(described, metadata));
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
  await using file = await openSafetensors(path);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, { shape }] of file.entries) tensors.set(name, { shape, data: await file.read(name) });
  return { tensors, metadata: file.metadata };
}

/** A file whose header has been read and checked, and whose tensors are read one by one. */
export interface OpenSafetensors extends AsyncDisposable {
  /** In the order of their places in the file. */
  readonly entries: ReadonlyMap<string, { readonly shape: readonly number[]; readonly dtype: string }>;
  readonly metadata: Readonly<Record<string, string>>;
  /** One tensor, converted as by `readSafetensors`. Throws `LabError('not-found')` for a name that is not there. */
  read(name: string): Promise<SafetensorsData>;
}

/** Throws `LabError('not-found')` and, for a file whose header does not describe it, `LabError('corrupt')`. */
export async function openSafetensors(path: string): Promise<OpenSafetensors> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw new LabError('not-found', `${path} cannot be opened: is it there, and may it be read?`, { path }, error);
  });
  try {
    const { size } = await handle.stat();
    const { entries, metadata, dataStart } = await readHeader(handle, path, size);
    const byName = new Map(entries.map((entry) => [entry.name, entry]));
    return {
      entries: byName,
      metadata,
      async read(name) {
        const entry = byName.get(name);
        if (!entry) throw new LabError('not-found', `${path} has no tensor '${name}'`, { path, tensor: name });
        const bytes = await readExactly(handle, dataStart + entry.begin, entry.end - entry.begin, path);
        return decode(entry, bytes, path);
      },
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** A tensor that is read when its turn comes. */
export interface LazyTensor {
  readonly shape: readonly number[];
  read(): Promise<Float32Array>;
}

/**
 * As `writeSafetensors`, with one tensor in memory at a time. Throws what reading a tensor does, and `LabError('internal')` for one
 * that is not of its shape.
 */
export async function streamSafetensors(
  path: string,
  tensors: ReadonlyMap<string, LazyTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const order = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
  const handle = await open(path, 'w');
  try {
    const described = order.map(([name, { shape }]): HeaderEntry => {
      return { name, shape, dtype: 'F32', bytes: 4 * elementCount(shape) };
    });
    await writeAll(handle, encodeHeader(described, metadata));
    for (const [name, { shape, read }] of order) {
      const data = await read();
      requireLength(name, shape, data);
      await writeAll(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function requireLength(name: string, shape: readonly number[], data: SafetensorsData): void {
  if (elementCount(shape) === data.length) return;
  throw new LabError('internal', `${name} has the shape ${showShape(shape)} but ${data.length} elements`);
}

interface HeaderEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

function encodeHeader(order: readonly HeaderEntry[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let offset = 0;
  for (const { name, shape, dtype, bytes } of order) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function damaged(path: string, why: string, cause?: unknown): LabError {
  return new LabError('corrupt', `${path} is not a whole safetensors file: ${why}`, { path }, cause);
}
