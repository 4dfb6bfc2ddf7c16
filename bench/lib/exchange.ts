/** Files of tensors between the bench and its sides: groups of tensors, named `<group>/<name>`. */
import path from 'node:path';
import { LabError } from '../../src/shared/errors.ts';
import type { SafetensorsFile, SafetensorsTensor } from '../../src/main/formats/safetensors.ts';
import { writeSafetensors } from '../../src/main/formats/safetensors.ts';

interface MaybeTensor {
  readonly shape: readonly number[];
  readonly data: SafetensorsTensor['data'] | undefined;
}

export function tensorFile(folder: string, name: string): string {
  return path.join(folder, `${name}.safetensors`);
}

/** Throws `LabError('internal')` for a tensor without data. */
export async function writeTensors(
  file: string,
  groups: Readonly<Record<string, ReadonlyMap<string, MaybeTensor>>>,
  single: Readonly<Record<string, MaybeTensor>> = {},
): Promise<void> {
  const tensors = new Map<string, SafetensorsTensor>();
  const add = (name: string, { shape, data }: MaybeTensor): void => {
    if (!data) throw new LabError('internal', `${name} has no data`);
    tensors.set(name, { shape, data });
  };
  for (const [group, members] of Object.entries(groups)) {
    for (const [name, tensor] of members) add(`${group}/${name}`, tensor);
  }
  for (const [name, tensor] of Object.entries(single)) add(name, tensor);
  await writeSafetensors(file, tensors);
}

/** The tensors of one group, by the rest of their names. */
export function readGroup({ tensors }: SafetensorsFile, group: string): ReadonlyMap<string, SafetensorsTensor> {
  const prefix = `${group}/`;
  return new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
