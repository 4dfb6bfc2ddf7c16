/** Reads the numbers and strings of a pickle, one after the other. */

/** The bytes ended within a pickle: it was cut off, or more of the file has to be read. */
export class PickleEndsEarly extends Error {}

/** What is in the bytes is no pickle. The message says why, without the file. */
export class DamagedPickle extends Error {}

export class PickleCursor {
  position: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, position: number) {
    this.bytes = bytes;
    this.position = position;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint8(): number {
    return this.view.getUint8(this.advance(1));
  }

  uint16(): number {
    return this.view.getUint16(this.advance(2), true);
  }

  int32(): number {
    return this.view.getInt32(this.advance(4), true);
  }

  uint32(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  /** Big-endian, as pickles have it. */
  float64(): number {
    return this.view.getFloat64(this.advance(8));
  }

  /** A length of eight bytes. */
  length64(): number {
    const length = this.view.getBigUint64(this.advance(8), true);
    if (length > this.bytes.length) throw new PickleEndsEarly();
    return Number(length);
  }

  /** A length of four bytes that old opcodes have with a sign. */
  length32(): number {
    const length = this.int32();
    if (length < 0) throw new DamagedPickle('a length is negative');
    return length;
  }

  take(length: number): Uint8Array {
    const begin = this.advance(length);
    return this.bytes.subarray(begin, begin + length);
  }

  utf8(length: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.take(length));
    } catch (error) {
      if (error instanceof PickleEndsEarly) throw error;
      throw new DamagedPickle('a text is not UTF-8');
    }
  }

  latin1(length: number): string {
    return Buffer.from(this.take(length)).toString('latin1');
  }

  /** To the end of the line, without it. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.position);
    if (end < 0) throw new PickleEndsEarly();
    const line = this.utf8(end - this.position);
    this.position = end + 1;
    return line;
  }

  private advance(count: number): number {
    const begin = this.position;
    if (begin + count > this.bytes.length) throw new PickleEndsEarly();
    this.position = begin + count;
    return begin;
  }
}
