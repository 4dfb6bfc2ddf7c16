/** The audit of the patch task: it warns where single patches tell their place in the image, and is silent where they do not. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importImageCorpus } from '../../../../src/main/data/images/import.ts';
import type { ImageSource } from '../../../../src/main/data/images/source.ts';
import { inspectPatches } from '../../../../src/main/tasks/images/patch-audit.ts';
import { patchPosition } from '../../../../src/main/tasks/patch-position.ts';
import type { Feeds } from '../../../../src/main/tasks/task.ts';
import { randomStream } from '../../../../src/shared/random.ts';

const [side, patchSize, batchSize] = [32, 6, 64];
const patchLength = 3 * patchSize ** 2;

/** Noise, brighter towards the lower right corner by `slope` a pixel. */
function noise(slope: number): ImageSource {
  return {
    kind: 'sample',
    path: 'noise',
    count: () => Promise.resolve(60),
    async *entries() {
      for (let index = 0; index < 60; index++) {
        const stream = randomStream(index);
        const data = Uint8Array.from({ length: side * side * 3 }, (_, byte) => {
          const pixel = Math.floor(byte / 3);
          return slope * (Math.floor(pixel / side) + (pixel % side)) + stream.integer(60);
        });
        yield await Promise.resolve({
          path: `${index}.png`,
          read: () => Promise.resolve({ height: side, width: side, channels: 3 as const, data }),
        });
      }
    },
    ignored: () => new Map(),
  };
}

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pretext-audit-'));
  for (const [name, slope] of [
    ['flat', 0],
    ['shaded', 3],
  ] as const) {
    await importImageCorpus({ source: noise(slope), destination: join(folder, name), name, options: { size: side } });
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A network that knows brightness alone: its embedding, and 'below right' or 'above left' as the answer. */
async function run({ image }: Feeds) {
  const patches = Array.from({ length: 2 * batchSize }, (_, row) => {
    const pixels = image!.slice(row * patchLength, (row + 1) * patchLength) as Float32Array; // as the sampler made it
    return pixels.reduce((sum, value) => sum + value, 0) / patchLength;
  });
  const logits = Array.from({ length: batchSize }, (_, row) => {
    const isBrighter = patches[2 * row + 1]! > patches[2 * row]!;
    return [Number(!isBrighter), 0, 0, 0, 0, 0, 0, Number(isBrighter)];
  });
  return Promise.resolve({
    embeddings: { shape: [2 * batchSize, 1], data: Float32Array.from(patches) },
    logits: { shape: [batchSize, 8], data: Float32Array.from(logits.flat()) },
  });
}

async function audit(name: string) {
  const options = patchPosition.options.parse({ patchSize, testFraction: 0.2, validationFraction: 0.2 });
  const setup = { options, dataFolder: join(folder, name), splitSeed: 1 };
  const sampler = patchPosition.openSampler(setup);
  const signal = new AbortController().signal;
  const { findings } = await inspectPatches({ sampler, setup, parameters: new Map(), batchSize, run, signal });
  sampler.close();
  return new Map(findings.map((finding) => [finding.name, finding]));
}

describe('the audit', () => {
  it('warns where brightness tells in which part of the image a patch was cut', async () => {
    const findings = await audit('shaded');
    for (const of of ['pixels', 'embedding']) {
      const { value, reference, warning } = findings.get(`absolute position, ${of}`)!;
      expect(reference).toBe(1 / 9);
      expect(value).toBeGreaterThan(2 / 9);
      expect(warning).toMatch(/single patches tell by the (pixels|embedding) where in the image they were/);
    }
    // Right for the two places that it ever answers.
    for (const what of ['as trained', 'no gap', 'no jitter', 'all colours', 'all details']) {
      const { value, reference } = findings.get(`accuracy, ${what}`)!;
      expect(reference).toBe(1 / 8);
      expect(value).toBeCloseTo(1 / 4, 1);
    }
  });

  it('says nothing where patches are alike everywhere, and finds the eight places equally often', async () => {
    const findings = await audit('flat');
    expect(findings.get('class imbalance')).toMatchObject({ value: 0, reference: 0 });
    for (const of of ['pixels', 'embedding']) {
      const finding = findings.get(`absolute position, ${of}`)!;
      expect(finding.value).toBeLessThan(1.5 / 9);
      expect(finding).not.toHaveProperty('warning');
    }
    expect(findings.get('accuracy, as trained')!.value).toBeCloseTo(1 / 8, 1);
  });
});
