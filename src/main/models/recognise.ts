/** Which family a model is of. */
import { LabError } from '../../shared/errors.ts';
import type { ModelFamily, Recognition } from './family.ts';
import { registeredFamilies } from './families/index.ts';
import type { ModelSource } from './source.ts';

export interface Recognised {
  readonly family: ModelFamily;
  readonly recognition: Recognition;
}

/** Throws `LabError('bad-input')` for what no family knows, saying what was found, and what the family says of its own kind. */
export async function recogniseModel(source: ModelSource): Promise<Recognised> {
  for (const family of registeredFamilies()) {
    const recognition = await family.recognise(source);
    if (recognition) return { family, recognition };
  }
  const type = source.config?.model_type;
  const found =
    typeof type === 'string'
      ? `its config.json says model_type '${type}'`
      : `no family knows ${await whatLies(source)}`;
  const known = registeredFamilies().map(({ title }) => title);
  throw new LabError(
    'bad-input',
    `${source.path} is not a model that the lab can read: ${found}. Families: ${known.join(', ')}`,
    {
      path: source.path,
    },
  );
}

async function whatLies(source: ModelSource): Promise<string> {
  if (source.file !== undefined && source.tensorFile === undefined) return `the file ${source.file}`;
  if (source.tensorFile === undefined) return 'a folder without config.json and weights';
  const { entries } = await source.tensors();
  return `weights that are called ${[...entries.keys()].slice(0, 3).join(', ')} …`;
}
