/** The element types of safetensors files, and how they become arrays that programs take. */

export type SafetensorsData = Float32Array | Int32Array | Uint8Array;

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

/** By their names in headers. */
export const dtypes: Readonly<Record<string, DType>> = {
  F32: isLittleEndian
    ? { bytes: 4, decode: (view, count) => new Float32Array(view.buffer, view.byteOffset, count) }
    : float(4, (view, offset) => view.getFloat32(offset, true)),
  F64: float(8, (view, offset) => view.getFloat64(offset, true)),
  F16: float(2, (view, offset) => halfToNumber(view.getUint16(offset, true))),
  BF16: float(2, (view, offset) => bfloat16ToNumber(view.getUint16(offset, true))),
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
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const bfloat16Scratch = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of a float32. */
export function bfloat16ToNumber(bits: number): number {
  bfloat16Scratch.setUint32(0, bits << 16);
  return bfloat16Scratch.getFloat32(0);
}
