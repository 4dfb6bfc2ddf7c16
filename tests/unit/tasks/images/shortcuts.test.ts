/** The audits of rotation and of contrastive views: they warn where a shortcut answers, and are silent where none does. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importImageCorpus } from '../../../../src/main/data/images/import.ts';
import type { ImageSource } from '../../../../src/main/data/images/source.ts';
import { findTask } from '../../../../src/main/tasks/index.ts';
import { shortcutFeatures } from '../../../../src/main/tasks/images/shortcut-features.ts';
import type { Feeds } from '../../../../src/main/tasks/task.ts';
import { hash32, randomStream } from '../../../../src/shared/random.ts';

const rotation = findTask('rotation');
const contrastiveViews = findTask('contrastive-views');

const [side, count, batchSize] = [24, 120, 64];
const length = 3 * side ** 2;

type Paint = (x: number, y: number, draw: () => number, image: number) => number;

/** Grey noise of which `paint` makes a picture. */
function pictures(paint: Paint): ImageSource {
  return {
    kind: 'sample',
    path: 'painted',
    count: () => Promise.resolve(count),
    async *entries() {
      for (let index = 0; index < count; index++) {
        const stream = randomStream(index, 1);
        const draw = (): number => stream.integer(40);
        const data = new Uint8Array(length);
        for (let place = 0; place < side * side; place++) {
          data.fill(paint(place % side, Math.floor(place / side), draw, index), 3 * place, 3 * place + 3);
        }
        yield await Promise.resolve({
          path: `${index}.png`,
          read: () => Promise.resolve({ height: side, width: side, channels: 3 as const, data }),
        });
      }
    },
    ignored: () => new Map(),
  };
}

const materials: Readonly<Record<string, Paint>> = {
  noise: (_x, _y, draw) => 100 + draw(),
  // A dark line along the lower border of every image.
  framed: (_x, y, draw) => (y === side - 1 ? 10 : 100) + draw(),
  // The columns of blocks of eight pixels end in an edge, as in strongly compressed images.
  compressed: (x, y, draw, image) =>
    40 + (hash32(image, x >> 3) % 120) + Math.round(((hash32(image, 9) % 70) * y) / side) + (draw() >> 3),
  // Every image has a brightness of its own.
  tinted: (_x, _y, draw, image) => 20 + ((image * 37) % 200) + (draw() >> 2),
};

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pretext-shortcuts-'));
  for (const [name, paint] of Object.entries(materials)) {
    await importImageCorpus({
      source: pictures(paint),
      destination: join(folder, name),
      name,
      options: { size: side },
    });
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fractions = { validationFraction: 0.25, testFraction: 0.25 };
const signal = new AbortController().signal;

/** The audit of a network whose embeddings and answers are given. */
async function auditRotation(name: string, embed: (row: number) => number[]) {
  const options = rotation.options.parse(fractions);
  const setup = { options, dataFolder: join(folder, name), splitSeed: 1 };
  const sampler = rotation.openSampler(setup);
  const run = () =>
    Promise.resolve({
      embeddings: {
        shape: [batchSize, 4],
        data: Float32Array.from(Array.from({ length: batchSize }, (_, row) => embed(row)).flat()),
      },
      logits: { shape: [batchSize, 4], data: new Float32Array(4 * batchSize) },
    });
  const report = await rotation.inspect!({ sampler, setup, parameters: new Map(), batchSize, run, signal });
  sampler.close();
  return new Map(report.findings.map((finding) => [finding.name, finding]));
}

const spread = (() => {
  const stream = randomStream(2);
  return (): number[] => [stream.normal(), stream.normal(), stream.normal(), stream.normal()];
})();

describe('the audit of rotation', () => {
  it('says nothing of noise, and what chance is', async () => {
    const findings = await auditRotation('noise', spread);
    expect([...findings.keys()]).toEqual([
      'class imbalance',
      'accuracy, as trained',
      'shortcut, colours',
      'shortcut, borders',
      'shortcut, compression traces',
      'spread, embeddings',
      'effective rank, embeddings',
    ]);
    for (const finding of findings.values()) expect(finding).not.toHaveProperty('warning');
    expect(findings.get('class imbalance')).toMatchObject({ value: 0, reference: 0 });
    expect(findings.get('accuracy, as trained')).toMatchObject({ value: 0.25, reference: 0.25 });
    expect(findings.get('shortcut, borders')?.value).toBeLessThan(0.375);
  });

  it('warns where the border tells which way up an image is', async () => {
    const findings = await auditRotation('framed', spread);
    expect(findings.get('shortcut, borders')?.value).toBeGreaterThan(0.95);
    expect(findings.get('shortcut, borders')?.warning).toMatch(/can be told from the outermost pixels alone/);
    // Colours are the same whichever way an image is turned.
    expect(findings.get('shortcut, colours')).not.toHaveProperty('warning');
  });

  it('warns where blocks of a compression tell it', async () => {
    const findings = await auditRotation('compressed', spread);
    const { value, warning } = findings.get('shortcut, compression traces')!;
    expect(value).toBeGreaterThan(0.45); // columns or rows; the two directions of each are alike
    expect(warning).toMatch(/traces of compression and enlarging alone/);
  });

  it('warns of embeddings that have collapsed', async () => {
    const point = await auditRotation('noise', () => [1, 2, 3, 4]);
    expect(point.get('spread, embeddings')?.warning).toMatch(/collapsed/);
    expect(point.get('effective rank, embeddings')?.warning).toMatch(/collapsed/);
    const stream = randomStream(8);
    const line = await auditRotation('noise', () => {
      const value = stream.normal();
      return [value, 2 * value, -value, 0];
    });
    expect(line.get('effective rank, embeddings')?.value).toBeCloseTo(1, 3);
    expect(line.get('effective rank, embeddings')?.warning).toMatch(/about 1 of 4 directions/);
  });
});

describe('the audit of contrastive views', () => {
  async function audit(name: string, augmentation: object) {
    const options = contrastiveViews.options.parse({ ...fractions, augmentation });
    const setup = { options, dataFolder: join(folder, name), splitSeed: 1 };
    const sampler = contrastiveViews.openSampler(setup);
    // A network that knows nothing but four pixels.
    const run = ({ image }: Feeds) => {
      const values = Array.from({ length: 2 * batchSize }, (_, row) =>
        [50, 150, 250, 350].map((place) => image![row * length + place]! - 0.5),
      );
      const data = Float32Array.from(values.flat());
      const tensor = { shape: [2 * batchSize, 4], data };
      return Promise.resolve({ embeddings: tensor, projections: tensor });
    };
    const report = await contrastiveViews.inspect!({ sampler, setup, parameters: new Map(), batchSize, run, signal });
    sampler.close();
    expect(report.pictures.map(({ file }) => file)).toEqual(['views.png', 'nearest-neighbours.png']);
    return new Map(report.findings.map((finding) => [finding.name, finding]));
  }
  const plain = {
    horizontalFlip: 0,
    brightness: 0,
    contrast: 0,
    saturation: 0,
    hue: 0,
    greyscale: 0,
    cropScale: 0.5,
  };

  it('warns where colours alone find the other view, and not where views change them', async () => {
    const same = (await audit('tinted', plain)).get('shortcut, colours')!;
    expect(same.value).toBeGreaterThan(0.2);
    expect(same.warning).toMatch(/the other view can be found by the colours alone/);
    const changed = (await audit('tinted', { ...plain, brightness: 0.9, contrast: 0.9 })).get('shortcut, colours')!;
    expect(changed.value).toBeLessThan(same.value / 2);
  });
});

describe('features of shortcuts', () => {
  it('do not change where what they ignore changes', () => {
    const [colours, borders] = shortcutFeatures;
    const shape = { height: side, width: side, channels: 1 };
    const stream = randomStream(12);
    const image = Float32Array.from({ length: side * side }, () => stream.uniform());
    const shuffled = image.slice().reverse();
    colours!.describe(shuffled, shape).forEach((value, index) => {
      expect(value).toBeCloseTo(colours!.describe(image, shape)[index]!, 5);
    });
    const inside = image.slice();
    inside[12 * side + 12] = 0.5;
    expect(borders!.describe(inside, shape)).toEqual(borders!.describe(image, shape));
    expect(borders!.describe(shuffled, shape)).not.toEqual(borders!.describe(image, shape));
  });
});
