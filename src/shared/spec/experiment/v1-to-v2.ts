/** Experiments of version 1, and settings by dotted path as studies and trials of that time have them, under the names of version 2. */
import type { Members } from './former-names.ts';
import { isMembers, mapMembers, renamePipeline, renameTask, renameTraining } from './former-names.ts';

/** A whole experiment, or some of its members. `pipeline` is that of the experiment that they belong to. */
export function renameExperiment(older: Members, pipeline: unknown = older.pipeline): Members {
  return mapMembers(older, (key, value) => {
    switch (key) {
      case 'task':
        return renameTask(value);
      case 'training':
        return renameTraining(value);
      case 'pipeline':
        return renamePipeline(value, pipeline);
      case 'tune':
        return isMembers(value) ? renameTune(value, pipeline) : value;
      default:
        return value;
    }
  });
}

/** `{training.accumulation: 2}` → `{training.gradientAccumulationSteps: 2}`, however the paths are nested. */
export function renameSettings(settings: Members, pipeline: unknown): Members {
  const preset = settings['pipeline.preset'];
  const whole = settings.pipeline ?? (preset === undefined ? pipeline : { preset });
  return Object.fromEntries(Object.entries(settings).map(([path, value]) => renameSetting(path, value, whole)));
}

/** The same with a list of values to try for each path. */
export function renameTrials(trials: unknown, pipeline: unknown): unknown {
  if (!isMembers(trials)) return trials;
  return Object.fromEntries(
    Object.entries(trials).map(([path, values]) => {
      if (!Array.isArray(values)) return [path, values];
      const settings = values.map((value: unknown) => renameSetting(path, value, pipeline));
      return [settings[0]?.[0] ?? path, settings.map(([, value]) => value)];
    }),
  );
}

function renameTune(tune: Members, pipeline: unknown): Members {
  return mapMembers(tune, (key, value) => (key === 'settings' ? renameTrials(value, pipeline) : value));
}

/** The setting is unfolded into an experiment, which is renamed as any other, and folded up again. */
function renameSetting(path: string, value: unknown, pipeline: unknown): readonly [path: string, value: unknown] {
  const keys = path.split('.');
  const unfolded = keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
  let folded: unknown = isMembers(unfolded) ? renameExperiment(unfolded, pipeline) : unfolded;
  const names = keys.map((key) => {
    const [name = key, inner] = isMembers(folded) ? (Object.entries(folded)[0] ?? []) : [];
    folded = inner;
    return name;
  });
  return [names.join('.'), folded];
}
