/** Studies of older versions: what they change in an experiment stands in settings by dotted path. */
import type { Members } from './experiment/former-names.ts';
import { isMembers, mapMembers } from './experiment/former-names.ts';
import { migrate } from './experiment/index.ts';
import { renameExperiment, renameSettings, renameTrials } from './experiment/v1-to-v2.ts';

/** A missing version means the latest, since people leave it out. Throws `LabError('format-version')` for a newer one. */
export function migrateStudy(value: unknown): unknown {
  return migrate(value, 'study', { 1: (older) => ({ ...renameStudy(older), version: 2 }) }, 2);
}

/** The same of one that the lab has kept: until there was a second version it was written as it came, often without one. */
export function migrateStoredStudy(value: unknown): unknown {
  return isMembers(value) && value.version === undefined ? renameStudy(value) : migrateStudy(value);
}

function renameStudy(older: Members): Members {
  const pipeline = isMembers(older.experiment) ? older.experiment.pipeline : undefined;
  return mapMembers(older, (key, value) => {
    switch (key) {
      case 'experiment':
        return isMembers(value) ? renameExperiment(value) : value;
      case 'arms':
      case 'conditions':
        return Array.isArray(value) ? value.map((part: unknown) => renamePart(part, pipeline)) : value;
      case 'tune':
        return renameTrials(value, pipeline);
      default:
        return value;
    }
  });
}

/** An arm or a condition. */
function renamePart(part: unknown, pipeline: unknown): unknown {
  if (!isMembers(part)) return part;
  return mapMembers(part, (key, value) => {
    if (key === 'settings') return isMembers(value) ? renameSettings(value, pipeline) : value;
    return key === 'tune' ? renameTrials(value, pipeline) : value;
  });
}
