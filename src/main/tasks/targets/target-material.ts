/**
 * Texts, images or recordings with numbers or several labels: what a task on them reads, whichever they are. The kind of the
 * dataset decides; the task itself does not care.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LabError, messageOf } from '../../../shared/errors.ts';
import { labelledBatches } from '../labelled/batches.ts';
import { drawSides } from '../labelled/sides.ts';
import type { ExampleSides, Feeds, SamplerSetup, TaskFacts, TaskSampler } from '../task.ts';
import { openImageTargets } from './image-targets.ts';
import { openRecordingTargets } from './recording-targets.ts';
import type { TargetOptions } from './target-options.ts';
import type { TargetSource } from './target-source.ts';
import { openTextTargets } from './text-targets.ts';

export interface TargetMaterial {
  readonly source: TargetSource;
  readonly sides: ExampleSides;
}

/** Throws `LabError('bad-input')` for data that cannot be read, `LabError('bad-spec')` for a budget that is too large. */
export function openTargetMaterial(setup: SamplerSetup<TargetOptions>): TargetMaterial {
  const { options, splitSeed } = setup;
  const source = openSource(setup);
  try {
    const split = source.split(splitSeed, { validation: options.validationFraction, test: options.testFraction });
    const material = { labels: new Int32Array(source.size), classes: ['example'], contentHash: source.contentHash };
    return { source, sides: drawSides(material, split, setup) };
  } catch (error) {
    source.close();
    throw error;
  }
}

const openers: Readonly<Record<string, (setup: SamplerSetup<TargetOptions>) => TargetSource>> = {
  'text-dataset': openTextTargets,
  'image-dataset': openImageTargets,
  'audio-dataset': openRecordingTargets,
};

const kindOf = z.looseObject({ kind: z.string() });

function openSource(setup: SamplerSetup<TargetOptions>): TargetSource {
  const path = join(setup.dataFolder, 'manifest.json');
  let kind: string;
  try {
    ({ kind } = kindOf.parse(JSON.parse(readFileSync(path, 'utf8'))));
  } catch (error) {
    throw new LabError('corrupt', `${path} cannot be read: ${messageOf(error)}. Import again.`, { path }, error);
  }
  const open = openers[kind];
  if (!open) throw new LabError('bad-input', `${setup.dataFolder} is a ${kind}, which has no labels`);
  return open(setup);
}

export interface TargetRows {
  /** The feed `targets` of these examples, row-major [examples, targets]. */
  rows(examples: readonly (number | undefined)[]): Float32Array;
  /** What is said of an example to people. */
  describe(example: number): string;
}

/** Batches of examples with their targets, which every task on targets has in common. */
export function createTargetSampler(
  { source, sides }: TargetMaterial,
  { rows, describe }: TargetRows,
  facts: Pick<TaskFacts, 'targets' | 'labelSet'>,
): TaskSampler {
  const withTargets = (examples: readonly (number | undefined)[], feeds: Feeds): Feeds => ({
    ...feeds,
    targets: rows(examples),
    weights: Float32Array.from(examples, (example) => Number(example !== undefined)),
  });
  const { trainingExample, trainingStep, ...batches } = labelledBatches(sides, (examples) =>
    withTargets(examples, source.feeds(examples)),
  );
  return {
    ...source.facts(sides.training),
    ...facts,
    ...batches,
    trainingBatch(seed, step, batchSize) {
      const examples = trainingStep(seed, step, batchSize);
      return withTargets(examples, source.trainingFeeds(examples, seed, step, sides.training));
    },
    preview: (seed, count) =>
      Array.from({ length: count }, (_, row) => {
        const example = trainingExample(seed, row);
        return source.preview(example, describe(example));
      }),
    close: () => {
      source.close();
    },
  };
}
