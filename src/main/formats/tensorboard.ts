/**
 * TensorBoard's event files, which W&B, Aim and MLflow read as well. A record is its length (u64, little-endian), the masked CRC-32C
 * of these eight bytes, the data, and the masked CRC-32C of the data; the data is an `Event` of protocol buffers
 * (tensorflow/core/util/event.proto): wall_time = 1 (double, seconds), step = 2, file_version = 3, summary = 5 with
 * value = 1 {tag = 1, simple_value = 2 (float), histo = 5}, session_log = 7 {status = 1}. A `HistogramProto` has, all of them double,
 * min = 1, max = 2, num = 3, sum = 4, sum_squares = 5, and packed bucket_limit = 6, the upper ends of its buckets, and bucket = 7.
 */
import protobuf from 'protobufjs/minimal.js';
import type { Histogram } from '../../shared/histogram.ts';
import { filledBins } from '../../shared/histogram.ts';

/** Names of event files hold it: readers look for it. */
export const eventFileMark = 'tfevents';

export interface ScalarEvent {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly step: number;
  /** By tag, such as `validation/accuracy`. */
  readonly scalars: Readonly<Record<string, number>>;
}

/** Wire types of protocol buffers. */
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

function field(number: number, type: number): number {
  return (number << 3) | type;
}

/** The record that every file begins with. */
export function versionRecord(time: number): Uint8Array {
  return record(eventWriter(time).uint32(field(3, wire.bytes)).string('brain.Event:2').finish());
}

/** Says that a training begins here again: what an earlier file has from `step` on counts no more. */
export function startRecord(time: number, step: number): Uint8Array {
  const started = protobuf.Writer.create().uint32(field(1, wire.varint)).int32(1).finish();
  const event = eventWriter(time).uint32(field(2, wire.varint)).int64(step);
  return record(event.uint32(field(7, wire.bytes)).bytes(started).finish());
}

/** Numbers are float32 in these files. */
export function scalarRecord({ time, step, scalars }: ScalarEvent): Uint8Array {
  const summary = protobuf.Writer.create();
  for (const [tag, value] of Object.entries(scalars)) {
    const one = protobuf.Writer.create().uint32(field(1, wire.bytes)).string(tag);
    summary.uint32(field(1, wire.bytes)).bytes(one.uint32(field(2, wire.fixed32)).float(value).finish());
  }
  const event = eventWriter(time).uint32(field(2, wire.varint)).int64(step);
  return record(event.uint32(field(5, wire.bytes)).bytes(summary.finish()).finish());
}

export interface HistogramEvent {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly step: number;
  /** By tag, such as `weights/head/output/weight`. */
  readonly histograms: Readonly<Record<string, Histogram>>;
}

/** Those without a value that is a number are left out: the format has no place for them. */
export function histogramEventRecord({ time, step, histograms }: HistogramEvent): Uint8Array {
  const summary = protobuf.Writer.create();
  for (const [tag, histogram] of Object.entries(histograms)) {
    if (histogram.count === 0) continue;
    const one = protobuf.Writer.create().uint32(field(1, wire.bytes)).string(tag);
    one.uint32(field(5, wire.bytes)).bytes(histogramMessage(histogram));
    summary.uint32(field(1, wire.bytes)).bytes(one.finish());
  }
  const event = eventWriter(time).uint32(field(2, wire.varint)).int64(step);
  return record(event.uint32(field(5, wire.bytes)).bytes(summary.finish()).finish());
}

function histogramMessage(histogram: Histogram): Uint8Array {
  const { minimum, maximum, mean, std, count } = histogram;
  const [average, deviation] = [mean ?? 0, std ?? 0];
  const facts = [minimum ?? 0, maximum ?? 0, count, average * count, (deviation ** 2 + average ** 2) * count];
  const message = protobuf.Writer.create();
  for (const [index, value] of facts.entries()) message.uint32(field(index + 1, wire.fixed64)).double(value);
  // A bucket begins where the one before it ends; one without values stands for what is between, and for the beginning of the first.
  const limits: number[] = [];
  const counts: number[] = [];
  for (const { from, to, count: counted } of filledBins(histogram)) {
    if (from !== limits.at(-1)) {
      limits.push(from);
      counts.push(0);
    }
    limits.push(to);
    counts.push(counted);
  }
  for (const [number, values] of [
    [6, limits],
    [7, counts],
  ] as const) {
    message.uint32(field(number, wire.bytes)).fork();
    for (const value of values) message.double(value);
    message.ldelim();
  }
  return message.finish();
}

function eventWriter(time: number): protobuf.Writer {
  return protobuf.Writer.create()
    .uint32(field(1, wire.fixed64))
    .double(time / 1000);
}

/** The frame around the bytes of an event. */
function record(data: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(data.length + 16);
  framed.writeBigUInt64LE(BigInt(data.length), 0);
  framed.writeUInt32LE(maskedCrc32c(framed.subarray(0, 8)), 8);
  framed.set(data, 12);
  framed.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return framed;
}

/** Rotated right by 15 bits and moved by a constant, so that the checksum of data that holds checksums is not a trivial one. */
function maskedCrc32c(data: Uint8Array): number {
  const sum = crc32c(data);
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}

/** Castagnoli's polynomial, bits reversed. */
const polynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
  return value;
});

/** CRC-32C (RFC 3720, appendix B.4). */
export function crc32c(data: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of data) sum = (sum >>> 8) ^ table[(sum ^ byte) & 0xff]!;
  return (sum ^ 0xffffffff) >>> 0;
}
