/** Tensors of an ONNX file: their element types, and where their numbers lie (typed fields, raw bytes, other files). */
import { LabError } from '../../../shared/errors.ts';
import { elementCount, showShape } from '../../graph/shape.ts';
import { bfloat16ToNumber, halfToNumber } from '../safetensors-types.ts';
import { elementTypes } from './schema.ts';

/** Numbers of any width: floats as float32, everything else as float64, which holds whole numbers up to 2⁵³ exactly. */
export interface ForeignTensor {
  readonly name: string;
  readonly kind: 'float' | 'integer' | 'boolean';
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/** A 64-bit integer as protobufjs gives it: `long` is used where it is installed. */
export type WireInteger = number | { toNumber(): number };

/** TensorProto, as the descriptor in `schema.ts` names its fields; what is absent from the file has its type's default. */
export interface WireTensor {
  readonly name: string;
  readonly dims: readonly WireInteger[];
  readonly dataType: number;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly int64Data: readonly WireInteger[];
  readonly doubleData: readonly number[];
  readonly uint64Data: readonly WireInteger[];
  readonly rawData: Uint8Array | readonly number[];
  readonly externalData: readonly { readonly key: string; readonly value: string }[];
  readonly dataLocation: number;
}

interface ElementType {
  readonly name: string;
  readonly kind: ForeignTensor['kind'];
  readonly bytes: number;
  readonly read: (view: DataView, offset: number) => number;
  /** The typed field of TensorProto that holds such elements where there are no raw bytes. */
  readonly field: 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data';
  /** Sixteen-bit floats lie in `int32Data` as their bits. */
  readonly fromBits?: (bits: number) => number;
}

const { float32, uint8, int8, uint16, int16, int32, int64, bool, float16, double, uint32, uint64, bfloat16 } =
  elementTypes;

// prettier-ignore
const types = new Map<number, ElementType>([
  [float32, { name: 'float32', kind: 'float', bytes: 4, field: 'floatData', read: (view, at) => view.getFloat32(at, true) }],
  [double, { name: 'double', kind: 'float', bytes: 8, field: 'doubleData', read: (view, at) => view.getFloat64(at, true) }],
  [float16, { name: 'float16', kind: 'float', bytes: 2, field: 'int32Data', fromBits: halfToNumber, read: (view, at) => halfToNumber(view.getUint16(at, true)) }],
  [bfloat16, { name: 'bfloat16', kind: 'float', bytes: 2, field: 'int32Data', fromBits: bfloat16ToNumber, read: (view, at) => bfloat16ToNumber(view.getUint16(at, true)) }],
  [int8, { name: 'int8', kind: 'integer', bytes: 1, field: 'int32Data', read: (view, at) => view.getInt8(at) }],
  [uint8, { name: 'uint8', kind: 'integer', bytes: 1, field: 'int32Data', read: (view, at) => view.getUint8(at) }],
  [int16, { name: 'int16', kind: 'integer', bytes: 2, field: 'int32Data', read: (view, at) => view.getInt16(at, true) }],
  [uint16, { name: 'uint16', kind: 'integer', bytes: 2, field: 'int32Data', read: (view, at) => view.getUint16(at, true) }],
  [int32, { name: 'int32', kind: 'integer', bytes: 4, field: 'int32Data', read: (view, at) => view.getInt32(at, true) }],
  [uint32, { name: 'uint32', kind: 'integer', bytes: 4, field: 'uint64Data', read: (view, at) => view.getUint32(at, true) }],
  [int64, { name: 'int64', kind: 'integer', bytes: 8, field: 'int64Data', read: (view, at) => Number(view.getBigInt64(at, true)) }],
  [uint64, { name: 'uint64', kind: 'integer', bytes: 8, field: 'uint64Data', read: (view, at) => Number(view.getBigUint64(at, true)) }],
  [bool, { name: 'bool', kind: 'boolean', bytes: 1, field: 'int32Data', read: (view, at) => Number(view.getUint8(at) !== 0) }],
]);

/** The kind of numbers of a TensorProto.DataType; undefined for texts, complex numbers and what is not known. */
export function kindOfType(type: number): ForeignTensor['kind'] | undefined {
  return types.get(type)?.kind;
}

export const toNumber = (value: WireInteger): number => (typeof value === 'number' ? value : value.toNumber());

/** Bytes of a field; one that the file leaves out is an empty list. */
export const bytesOf = (field: Uint8Array | readonly number[]): Uint8Array =>
  field instanceof Uint8Array ? field : new Uint8Array(0);

/** Sizes of a tensor and the bytes it takes when written raw. Throws `LabError('bad-input' | 'corrupt')` naming it. */
export function layoutOf({ name, dims, dataType }: WireTensor): { shape: readonly number[]; bytes: number } {
  const type = types.get(dataType);
  if (!type) {
    const shown = dataType === elementTypes.string ? 'texts' : `elements of the type ${dataType}`;
    throw new LabError('bad-input', `the tensor '${name}' holds ${shown}, which cannot be computed with`);
  }
  const shape = dims.map(toNumber);
  const count = elementCount(shape);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || !Number.isSafeInteger(count)) {
    throw new LabError('corrupt', `the tensor '${name}' has the impossible shape ${showShape(shape)}`);
  }
  return { shape, bytes: count * type.bytes };
}

/**
 * The numbers of a tensor. `external` are its bytes in another file, where it lies there. Throws `LabError('corrupt')` where
 * there are more or fewer of them than the shape says.
 */
export function decodeTensor(tensor: WireTensor, external?: Uint8Array): ForeignTensor {
  const { name } = tensor;
  const { shape, bytes } = layoutOf(tensor);
  const type = types.get(tensor.dataType)!; // layoutOf has found it
  const count = bytes / type.bytes;
  const raw = external ?? bytesOf(tensor.rawData);
  const listed = tensor[type.field];
  const isListed = external === undefined && raw.length === 0 && listed.length > 0;
  const given = isListed ? listed.length : raw.length / type.bytes;
  if (given !== count) {
    throw new LabError(
      'corrupt',
      `the tensor '${name}' has the shape ${showShape(shape)} and ${String(given)} elements instead of ${String(count)}`,
    );
  }
  const data = type.kind === 'float' ? new Float32Array(count) : new Float64Array(count);
  if (isListed) {
    listed.forEach((value, index) => {
      const number = toNumber(value);
      data[index] = type.fromBits?.(number) ?? number;
    });
  } else {
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    for (let index = 0; index < count; index++) data[index] = type.read(view, index * type.bytes);
  }
  return { name, kind: type.kind, shape, data };
}
