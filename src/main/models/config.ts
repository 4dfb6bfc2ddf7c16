/** config.json of others, read by a schema: what is wrong with it is told by field. */
import { join } from 'node:path';
import type { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import type { ModelSource } from './source.ts';

/** Throws `LabError('bad-input')` naming the file, its fields and what they may be. */
export function parseConfig<Fields>(source: ModelSource, schema: z.ZodType<Fields>): Fields {
  const parsed = schema.safeParse(source.config ?? {});
  if (parsed.success) return parsed.data;
  const path = join(source.folder, 'config.json');
  const problems = parsed.error.issues.map(({ path: field, message }) => `${field.join('.')}: ${message}`).join('; ');
  throw new LabError('bad-input', `${path}: ${problems}`, { path });
}

/** The first of `architectures`, e.g. `BertForMaskedLM`; undefined where it is not said. */
export function architectureOf({ config }: ModelSource): string | undefined {
  const named: unknown = Array.isArray(config?.architectures) ? config.architectures[0] : undefined;
  return typeof named === 'string' ? named : undefined;
}

/** Names of classes from `id2label`, in order; undefined where they are not there or have gaps. */
export function labelsOf({ config }: ModelSource, count: number): string[] | undefined {
  const names = config?.id2label;
  if (typeof names !== 'object' || names === null) return undefined;
  const labels: string[] = [];
  for (let index = 0; index < count; index++) {
    const label: unknown = (names as Readonly<Record<string, unknown>>)[String(index)]; // looked at key by key
    if (typeof label !== 'string') return undefined;
    labels.push(label);
  }
  return labels;
}
