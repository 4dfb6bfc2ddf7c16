/**
 * The experiment spec as the rest of the lab knows it: the latest version, into which older ones are migrated. A new
 * version is one more file and one more line in `migrations`.
 */
import { z } from 'zod';
import { LabError } from '../../errors.ts';
import type { Members } from './former-names.ts';
import { isMembers } from './former-names.ts';
import { renameExperiment } from './v1-to-v2.ts';
import type { ExperimentV2 } from './v2.ts';
import { experimentV2 } from './v2.ts';

export const experimentVersion = 2;
export const experimentSpec = experimentV2;
export type Experiment = ExperimentV2;

/** From each older version to the next one. */
const migrations: Readonly<Record<number, (older: Members) => Members>> = {
  1: (older) => ({ ...renameExperiment(older), version: 2 }),
};

/**
 * Brings a spec of any older version to the latest one; validation comes after. A missing version means the latest, since people
 * leave it out. Throws `LabError('format-version')` for a newer one.
 */
export function migrateExperiment(value: unknown): unknown {
  return migrate(value, 'experiment', migrations, experimentVersion);
}

/** The same of one that the lab has kept: until there was a second version, what people saved did not always say which one it was. */
export function migrateStoredExperiment(value: unknown): unknown {
  return isMembers(value) && value.version === undefined ? renameExperiment(value) : migrateExperiment(value);
}

/** An experiment as the lab has written it at any time. */
export const storedExperiment = z.preprocess(migrateStoredExperiment, experimentSpec);

/** A spec of any of our formats, brought to its latest version step by step. */
export function migrate(
  value: unknown,
  format: string,
  steps: Readonly<Record<number, (older: Members) => Members>>,
  latest: number,
): unknown {
  if (!isMembers(value)) return value;
  let spec = value;
  for (;;) {
    const { version } = spec;
    if (typeof version !== 'number' || version === latest) return spec;
    const up = steps[version];
    if (!up) {
      throw new LabError(
        'format-version',
        version > latest
          ? `This ${format} has version ${version}; this lab knows versions up to ${latest}. Update the lab.`
          : `There is no version ${version} of the ${format} format; the latest is ${latest}`,
        { version },
      );
    }
    spec = up(spec);
  }
}
