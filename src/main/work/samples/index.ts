/** The sample projects there are. A further one is a file and a line here. */
import { LabError, messageOf } from '../../../shared/errors.ts';
import { packageFolder } from '../../data/samples/package-folder.ts';
import { imageSample } from './images.ts';
import type { Sample } from './sample.ts';
import { textSample } from './text.ts';

export const samples: readonly Sample[] = [textSample, imageSample];

export function findSample(name: string): Sample {
  const sample = samples.find((candidate) => candidate.name === name);
  if (!sample) {
    throw new LabError(
      'not-found',
      `There is no sample project '${name}'. There is: ${samples.map((known) => known.name).join(', ')}`,
    );
  }
  return sample;
}

/** Why a sample cannot be made here; null when it can. */
export function unavailable({ packages }: Sample): string | null {
  try {
    for (const name of packages) packageFolder(name);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
