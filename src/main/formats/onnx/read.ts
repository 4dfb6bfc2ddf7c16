/**
 * Reads the networks of others from ONNX files (https://github.com/onnx/onnx/blob/main/docs/IR.md). A file is data from
 * anywhere: sizes are checked before anything is allocated for them, tensors in other files are read only from the folder
 * of the file, and nothing in it is executed.
 */
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import protobuf from 'protobufjs/light.js';
import { LabError, isLabError, messageOf } from '../../../shared/errors.ts';
import { openToRead, readExactly } from '../read-exactly.ts';
import { modelProto } from './schema.ts';
import type { ForeignTensor, WireInteger, WireTensor } from './tensor.ts';
import { bytesOf, decodeTensor, kindOfType, layoutOf, toNumber } from './tensor.ts';

export type { ForeignTensor } from './tensor.ts';

export type ForeignAttribute =
  number | string | readonly number[] | readonly string[] | ForeignTensor | { readonly unreadable: string };

export interface ForeignNode {
  readonly op: string;
  /** '' for the ops of ONNX itself. */
  readonly domain: string;
  readonly name: string;
  /** '' where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, ForeignAttribute>>;
}

export interface ForeignInput {
  readonly name: string;
  readonly kind: ForeignTensor['kind'];
  /** A string is a symbolic size; undefined is not known at all. Undefined altogether where the file does not say. */
  readonly shape: readonly (number | string | undefined)[] | undefined;
}

export interface ForeignNetwork {
  readonly name: string;
  readonly producer: string;
  /** Of ONNX's own ops. */
  readonly opset: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly nodes: readonly ForeignNode[];
  readonly tensors: ReadonlyMap<string, ForeignTensor>;
  /** What has to be fed: without the tensors, which old files list as inputs, too. */
  readonly inputs: readonly ForeignInput[];
  readonly outputs: readonly string[];
  /** Names of the files beside it that tensors were read from. */
  readonly files: readonly string[];
}

/** A protobuf message cannot be longer. */
const maximumBytes = 2 ** 31 - 1;
/** Networks have thousands of nodes; a file of more is made to exhaust memory. */
const maximumParts = 200_000;
/** All numbers that a file may unfold to, external ones included. */
const maximumElements = 2 ** 31;

interface WireNode {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly attribute: readonly WireAttribute[];
}

interface WireAttribute {
  readonly name: string;
  readonly f: number;
  readonly i: WireInteger;
  readonly s: Uint8Array | readonly number[];
  readonly t: WireTensor | null;
  readonly g: unknown;
  readonly floats: readonly number[];
  readonly ints: readonly WireInteger[];
  readonly strings: readonly (Uint8Array | readonly number[])[];
  readonly type: number;
}

interface WireValueInfo {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: { readonly dim: readonly { readonly dimValue: WireInteger; readonly dimParam: string }[] } | null;
    } | null;
  } | null;
}

/** ModelProto, as the descriptor in `schema.ts` names its fields. */
interface WireModel {
  readonly producerName: string;
  readonly producerVersion: string;
  readonly opsetImport: readonly { readonly domain: string; readonly version: WireInteger }[];
  readonly metadataProps: readonly { readonly key: string; readonly value: string }[];
  readonly graph: {
    readonly name: string;
    readonly node: readonly WireNode[];
    readonly initializer: readonly WireTensor[];
    readonly input: readonly WireValueInfo[];
    readonly output: readonly WireValueInfo[];
  } | null;
}

/**
 * Reads a network with its weights. Throws `LabError('not-found')` where there is no such file, `LabError('corrupt')` for one
 * that is damaged, `LabError('bad-input')` for one that cannot be computed with and `LabError('too-large')`; each names the file.
 */
export async function readOnnx(file: string): Promise<ForeignNetwork> {
  const bytes = await readBytes(file);
  try {
    const model = decodeModel(bytes);
    const files = new Set<string>();
    const network = await networkOf(model, (tensor) => readExternal(path.dirname(file), tensor, files));
    return { ...network, files: [...files] };
  } catch (error) {
    if (isLabError(error)) throw new LabError(error.code, `${file}: ${error.message}`, { path: file }, error);
    throw error;
  }
}

async function readBytes(file: string): Promise<Uint8Array> {
  await using handle = await openToRead(file);
  const { size } = await handle.stat();
  if (size > maximumBytes) {
    throw new LabError(
      'too-large',
      `${file} has ${String(size)} bytes, and an ONNX file ends at 2 GiB: larger networks keep their weights in files beside it`,
    );
  }
  return await handle.readFile();
}

function decodeModel(bytes: Uint8Array): WireModel {
  try {
    requireFewParts(bytes);
    return modelProto.decode(bytes) as unknown as WireModel; // the fields of the descriptor
  } catch (error) {
    if (isLabError(error)) throw error;
    throw new LabError('corrupt', `this is not a whole ONNX file (${messageOf(error)})`, {}, error);
  }
}

const graphField = 7;

/** Counts the parts of the graph on the wire, where each takes two bytes and more, before they become objects. */
function requireFewParts(bytes: Uint8Array): void {
  const reader = protobuf.Reader.create(bytes);
  let parts = 0;
  const walk = (end: number, isGraph: boolean): void => {
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (++parts > maximumParts) {
        throw new LabError('too-large', `the network has more than ${String(maximumParts)} nodes and tensors`);
      }
      if (!isGraph && tag >>> 3 === graphField && (tag & 7) === 2) {
        walk(reader.uint32() + reader.pos, true);
      } else {
        reader.skipType(tag & 7);
      }
    }
  };
  walk(bytes.length, false);
}

async function networkOf(
  { graph, opsetImport, producerName, producerVersion, metadataProps }: WireModel,
  external: (tensor: WireTensor) => Promise<Uint8Array | undefined>,
): Promise<Omit<ForeignNetwork, 'files'>> {
  if (!graph || graph.node.length === 0) {
    throw new LabError('corrupt', 'there is no network in it: is it an ONNX file?');
  }
  const opset = opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  if (!opset) throw new LabError('corrupt', 'it does not say which version of the ONNX ops it uses');

  let elements = 0;
  const take = async (tensor: WireTensor): Promise<ForeignTensor> => {
    const { shape } = layoutOf(tensor);
    elements += shape.reduce((product, size) => product * size, 1);
    if (elements > maximumElements) throw new LabError('too-large', `its tensors have more than 2³¹ elements`);
    return decodeTensor(tensor, await external(tensor));
  };
  const tensors = new Map<string, ForeignTensor>();
  for (const tensor of graph.initializer) {
    if (tensors.has(tensor.name)) throw new LabError('corrupt', `two tensors are called '${tensor.name}'`);
    tensors.set(tensor.name, await take(tensor));
  }
  const nodes: ForeignNode[] = [];
  for (const node of graph.node) nodes.push(await nodeOf(node, take));
  return {
    name: graph.name,
    producer: [producerName, producerVersion].filter((word) => word !== '').join(' '),
    opset: toNumber(opset.version),
    metadata: Object.fromEntries(metadataProps.map(({ key, value }) => [key, value])),
    nodes,
    tensors,
    inputs: graph.input.filter(({ name }) => !tensors.has(name)).map(inputOf),
    outputs: graph.output.map(({ name }) => name),
  };
}

async function nodeOf(node: WireNode, take: (tensor: WireTensor) => Promise<ForeignTensor>): Promise<ForeignNode> {
  const attributes: Record<string, ForeignAttribute> = {};
  for (const attribute of node.attribute) attributes[attribute.name] = await attributeOf(attribute, take);
  return {
    op: node.opType,
    domain: node.domain === 'ai.onnx' ? '' : node.domain,
    name: node.name === '' ? (node.output.find((output) => output !== '') ?? node.opType) : node.name,
    inputs: node.input,
    outputs: node.output,
    attributes,
  };
}

const text = new TextDecoder();

/** By its declared type; files older than types say it by what is set. */
async function attributeOf(
  { type, f, i, s, t, g, floats, ints, strings }: WireAttribute,
  take: (tensor: WireTensor) => Promise<ForeignTensor>,
): Promise<ForeignAttribute> {
  switch (type) {
    case 1:
      return f;
    case 2:
      return toNumber(i);
    case 3:
      return text.decode(bytesOf(s));
    case 4:
      if (t && kindOfType(t.dataType) === undefined) return { unreadable: 'a tensor that does not hold numbers' };
      return t ? take(t) : { unreadable: 'a tensor that is not there' };
    case 5:
      return { unreadable: g ? 'a network within the network' : 'a network that is not there' };
    case 6:
      return floats;
    case 7:
      return ints.map(toNumber);
    case 8:
      return strings.map((bytes) => text.decode(bytesOf(bytes)));
    case 0:
      if (t) return take(t);
      if (floats.length > 0) return floats;
      if (ints.length > 0) return ints.map(toNumber);
      return s.length > 0 ? text.decode(bytesOf(s)) : f === 0 ? toNumber(i) : f;
    default:
      return { unreadable: `a value of the kind ${String(type)}` };
  }
}

function inputOf({ name, type }: WireValueInfo): ForeignInput {
  const tensor = type?.tensorType;
  const kind = kindOfType(tensor?.elemType ?? 0);
  if (!tensor || kind === undefined) {
    throw new LabError('bad-input', `its input '${name}' is not a tensor of numbers`);
  }
  const sizeOf = ({ dimValue, dimParam }: { dimValue: WireInteger; dimParam: string }): number | string | undefined =>
    toNumber(dimValue) > 0 ? toNumber(dimValue) : dimParam === '' ? undefined : dimParam;
  return { name, kind, shape: tensor.shape?.dim.map(sizeOf) };
}

const externalLocation = 1;

/** The bytes of a tensor that lies in a file beside the network; undefined for one that lies in it. */
async function readExternal(folder: string, tensor: WireTensor, files: Set<string>): Promise<Uint8Array | undefined> {
  if (tensor.dataLocation !== externalLocation) return undefined;
  const { name } = tensor;
  const { bytes } = layoutOf(tensor);
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location') ?? '';
  const offset = Number(entries.get('offset') ?? 0);
  const length = Number(entries.get('length') ?? bytes);
  const file = await insideFolder(folder, location, name);
  files.add(location);
  if (!Number.isSafeInteger(offset) || offset < 0 || length !== bytes) {
    throw new LabError(
      'corrupt',
      `the tensor '${name}' needs ${String(bytes)} bytes, its place in ${location} does not fit`,
    );
  }
  const { size } = await stat(file);
  if (offset + bytes > size) {
    throw new LabError(
      'corrupt',
      `${location} ends at ${String(size)} bytes, before the tensor '${name}' does: is it there in full?`,
    );
  }
  await using handle = await openToRead(file);
  const content = await readExactly(handle, offset, bytes);
  if (!content) throw new LabError('corrupt', `${location} ended while it was read`);
  return content;
}

/** The path of a file beside the network. Neither `../`, an absolute path nor a link may lead out of the folder. */
async function insideFolder(folder: string, location: string, tensor: string): Promise<string> {
  const root = await realpath(folder);
  const wanted = path.resolve(root, location);
  const isInside = (file: string): boolean => file.startsWith(root + path.sep);
  const refused = new LabError(
    'bad-input',
    `the tensor '${tensor}' is said to lie in '${location}', which is outside of the network's folder`,
  );
  if (location === '' || location.includes('\0') || path.isAbsolute(location) || !isInside(wanted)) throw refused;
  const file = await realpath(wanted).catch((error: unknown) => {
    throw new LabError(
      'not-found',
      `there is no file '${location}' beside it, in which its tensor '${tensor}' lies`,
      {},
      error,
    );
  });
  if (!isInside(file)) throw refused;
  return file;
}
