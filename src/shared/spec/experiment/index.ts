/**
 * The experiment spec as the rest of the lab knows it: the latest version, into which older ones are migrated. A new
 * version is one more file and one more line in `migrations`.
 */
import { LabError } from '../../errors.ts';
import type { ExperimentV1 } from './v1.ts';
import { experimentV1 } from './v1.ts';

export const experimentVersion = 1;
export const experimentSpec = experimentV1;
export type Experiment = ExperimentV1;

/** From each older version to the next one. */
const migrations: Readonly<
  Record<number, (older: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>>
> = {};

/**
 * Brings a spec of any older version to the latest one; validation comes after. A missing version means the latest.
 * Throws `LabError('format-version')` for a newer one.
 */
export function migrateExperiment(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  let spec: Readonly<Record<string, unknown>> = { ...value };
  for (;;) {
    const { version } = spec;
    if (typeof version !== 'number' || version === experimentVersion) return spec;
    const up = migrations[version];
    if (!up) {
      throw new LabError(
        'format-version',
        version > experimentVersion
          ? `This experiment has version ${version}; this lab knows versions up to ${experimentVersion}. Update the lab.`
          : `There is no version ${version} of the experiment format; the latest is ${experimentVersion}`,
        { version },
      );
    }
    spec = up(spec);
  }
}
