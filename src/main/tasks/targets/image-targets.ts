/** Images whose labels are no classes. */
import { augmentImage } from '../../data/images/augment.ts';
import { openImageDataset } from '../../data/images/image-store.ts';
import { splitImages } from '../../data/images/leakage.ts';
import { classicalImages } from '../images/classical-images.ts';
import { imageFacts, trainingStatistics } from '../images/image-facts.ts';
import { imageBatch } from '../images/labelled-images.ts';
import type { ImageBatchOptions } from '../images/labelled-images.ts';
import type { Feeds, SamplerSetup } from '../task.ts';
import type { TargetSource } from './target-source.ts';
import { labelSetsOf } from './target-source.ts';
import type { TargetOptions } from './target-options.ts';

export function openImageTargets({ dataFolder, options, images: network }: SamplerSetup<TargetOptions>): TargetSource {
  const dataset = openImageDataset(dataFolder, { network });
  const { shape, manifest } = dataset;
  const changed = new Uint8Array(shape.height * shape.width * shape.channels);
  let statistics: ReturnType<typeof trainingStatistics> | undefined;
  const statisticsOf = (training: Uint32Array) => (statistics ??= trainingStatistics(dataset, training));
  const feeds = (examples: readonly (number | undefined)[], how: ImageBatchOptions = {}): Feeds => {
    const { image } = imageBatch(dataset, examples, how);
    return { image: image! }; // it is what the batch is made for
  };
  const { classes, labels, targets, length } = dataset;
  return {
    ...{ size: length, classes, labels, targets, contentHash: manifest.contentHash },
    split: (seed, fractions) =>
      splitImages(
        { ...dataset, labels: new Int32Array(length), classes: ['image'], labelSets: labelSetsOf(targets) },
        { seed, fractions, allowSharedGroups: options.nearDuplicates === 'anywhere' },
      ),
    facts: (training) => ({
      input: { kind: 'image', ...shape, statistics: statisticsOf(training) },
      images: imageFacts(dataset),
    }),
    feeds: (examples) => feeds(examples),
    trainingFeeds(examples, seed, step, training) {
      const fill = statisticsOf(training).mean.map((value) => value * 255);
      return feeds(examples, {
        change(pixels, row) {
          augmentImage(pixels, shape, options.augmentation, fill, seed, step, row, changed);
          return changed;
        },
      });
    },
    preview: (example, note) => ({ kind: 'image', ...shape, pixels: dataset.pixels(example).slice(), note }),
    classical: (sides) => classicalImages({ dataset, sides }).candidates,
    close: () => {
      dataset.close();
    },
  };
}
