/** Activation functions by the names that configurations give them. */
import { join } from 'node:path';
import { LabError } from '../../../../shared/errors.ts';
import { nearest } from '../../../../shared/spec/problems.ts';
import type { ModelSource } from '../../source.ts';

const ours: ReadonlyMap<string, string> = new Map([
  ['gelu', 'gelu'],
  ['gelu_python', 'gelu'],
  ['gelu_new', 'gelu-tanh'],
  ['gelu_fast', 'gelu-tanh'],
  ['gelu_pytorch_tanh', 'gelu-tanh'],
  ['relu', 'relu'],
  ['silu', 'silu'],
  ['swish', 'silu'],
  ['tanh', 'tanh'],
]);

/** Throws `LabError('bad-input')` for one that the lab does not have. */
export function activationNamed(source: ModelSource, field: string, name: string): string {
  const found = ours.get(name);
  if (found !== undefined) return found;
  const path = join(source.folder, 'config.json');
  const known = [...ours.keys()];
  const guess = nearest(name, known);
  const hint = guess === undefined ? `It knows ${known.join(', ')}` : `Did you mean '${guess}'?`;
  throw new LabError('bad-input', `${path}: ${field}: the lab has no activation '${name}'. ${hint}`, { path, field });
}
