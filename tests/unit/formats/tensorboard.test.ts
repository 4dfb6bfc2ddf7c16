// Event files: the bytes that TensorBoard's own writer gives (scripts/record-tensorboard.py).
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  crc32c,
  histogramEventRecord,
  scalarRecord,
  startRecord,
  versionRecord,
} from '../../../src/main/formats/tensorboard.ts';
import { histogramOf } from '../../../src/main/training/histogram.ts';

describe('event files', () => {
  it('have the bytes that TensorBoard writes', async () => {
    const written = [
      versionRecord(1764450000250),
      startRecord(1764450000250, 3),
      scalarRecord({
        time: 1764450001500,
        step: 300,
        scalars: { 'training/loss': 0.1, 'training/learningRate': 1e-3 },
      }),
      scalarRecord({ time: 1764450002000, step: 70_000, scalars: { 'validation/accuracy': NaN } }),
      histogramEventRecord({
        time: 1764450002000,
        step: 70_000,
        histograms: {
          'weights/head/output/weight': histogramOf(Float32Array.of(-3, -3, 1, 1)),
          'gradients/none': histogramOf(Float32Array.of(NaN)),
        },
      }),
    ];
    const expected = await readFile(join(import.meta.dirname, '../../fixtures/tensorboard/events.bin'));
    expect(Buffer.concat(written).toString('hex')).toBe(expected.toString('hex'));
  });

  it('have checksums of Castagnoli', () => {
    // RFC 3720, appendix B.4.
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e);
  });
});
