/** Recordings whose labels are no classes. */
import { openAudioDataset } from '../../data/audio/audio-dataset.ts';
import { splitDataset } from '../../data/split.ts';
import { classicalRecordings } from '../audio/classical-recordings.ts';
import { drawFrames, frameFeeds, framesInput } from '../audio/frames.ts';
import type { SamplerSetup } from '../task.ts';
import type { TargetSource } from './target-source.ts';
import { labelSetsOf } from './target-source.ts';
import type { TargetOptions } from './target-options.ts';

export function openRecordingTargets({ dataFolder }: SamplerSetup<TargetOptions>): TargetSource {
  const dataset = openAudioDataset(dataFolder);
  const { classes, labels, targets, groups, sides: official, length, manifest } = dataset;
  const { contentHash, options } = manifest;
  return {
    ...{ size: length, classes, labels, targets, contentHash },
    split(seed, fractions) {
      const drawn = { labels: new Int32Array(length), classes: ['recording'], labelSets: labelSetsOf(targets) };
      const material = { ...drawn, groups, sides: official, contentHash };
      return splitDataset(material, { seed, fractions });
    },
    facts: () => ({ input: framesInput(dataset), audio: options }),
    feeds: (examples) => frameFeeds(dataset, examples),
    trainingFeeds: (examples) => frameFeeds(dataset, examples),
    preview: (example, note) => ({ ...drawFrames(dataset.frames(example), options.bands), note }),
    classical: (sides) => classicalRecordings({ dataset, sides }).candidates,
    close: () => {
      dataset.close();
    },
  };
}
