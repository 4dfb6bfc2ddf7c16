/**
 * How fast images are imported, and how much memory that takes: JPEG photographs of 512 × 512 pixels, made here, imported twice,
 * the second time four times as many.
 */
import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { folderSource } from '../src/main/data/images/folder-source.ts';
import { importImageCorpus } from '../src/main/data/images/import.ts';
import { randomStream } from '../src/shared/random.ts';
import type { Bench } from './lib/bench.ts';

const SIDE = 512;
const STORED_SIDE = 64;
const IMAGES = 600;

/** Smooth shapes with grain: a photograph's share of detail, about 60 kB as a JPEG of quality 85. */
async function photograph(seed: number): Promise<Buffer> {
  const stream = randomStream(seed, 1);
  const coarse = Uint8Array.from({ length: 24 * 24 * 3 }, () => stream.integer(256));
  const fine = Uint8Array.from({ length: 200 * 200 * 3 }, () => stream.integer(256));
  const enlarge = (pixels: Uint8Array, side: number): Promise<Buffer> =>
    sharp(pixels, { raw: { height: side, width: side, channels: 3 } })
      .resize(SIDE, SIDE)
      .raw()
      .toBuffer();
  const [shapes, grain] = await Promise.all([enlarge(coarse, 24), enlarge(fine, 200)]);
  const mixed = shapes.map((value, index) => 0.75 * value + 0.25 * grain[index]!);
  return sharp(mixed, { raw: { height: SIDE, width: SIDE, channels: 3 } })
    .jpeg({ quality: 85 })
    .toBuffer();
}

/** Files of `images` different photographs; beyond a hundred they repeat, so that making them takes no longer than importing. */
async function makeFolder(folder: string, images: number): Promise<number> {
  await mkdir(folder, { recursive: true });
  let bytes = 0;
  for (let index = 0; index < images; index += 1) {
    const path = join(folder, `${String(index).padStart(6, '0')}.jpg`);
    if (index < 100) {
      const jpeg = await photograph(index);
      bytes += jpeg.length;
      await writeFile(path, jpeg);
    } else {
      await link(join(folder, `${String(index % 100).padStart(6, '0')}.jpg`), path);
    }
  }
  return bytes / Math.min(100, images);
}

async function measure(folder: string, destination: string, size: number) {
  let peakBytes = 0;
  const sample = (): void => {
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  };
  const timer = setInterval(sample, 50);
  const started = performance.now();
  const before = process.cpuUsage();
  const { report } = await importImageCorpus({
    source: folderSource(folder),
    destination,
    name: 'bench',
    // Kept, or the repeated files would be dropped before they are written.
    options: { size, exactDuplicates: 'keep' },
  });
  clearInterval(timer);
  sample();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const processor = user + system;
  return {
    images: report.images,
    seconds: Number(seconds.toFixed(2)),
    imagesPerSecond: Math.round(report.images / seconds),
    // Says more than the clock where other programs use the processors too.
    processorMilliseconds: Number((processor / report.images / 1000).toFixed(2)),
    peakMegabytes: Math.round(peakBytes / 1e6),
  };
}

export const bench: Bench = {
  summary: 'import of images: how many a second, and memory for a few and for four times as many',
  async run(name, { progress }) {
    const folder = await mkdtemp(join(tmpdir(), 'pretext-bench-'));
    try {
      progress('making photographs');
      const averageBytes = await makeFolder(join(folder, 'few'), IMAGES);
      await makeFolder(join(folder, 'many'), IMAGES * 4);
      progress('importing');
      const few = await measure(join(folder, 'few'), join(folder, 'imported-few'), STORED_SIDE);
      const many = await measure(join(folder, 'many'), join(folder, 'imported-many'), STORED_SIDE);
      const size = { sourceSide: SIDE, averageKilobytes: Math.round(averageBytes / 1000), storedSide: STORED_SIDE };
      return { name, threads: availableParallelism(), size, few, many };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
