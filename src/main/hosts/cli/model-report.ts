/** What is said of a model that has been imported. */
import { formatCount } from '../../../shared/display.ts';
import type { ModelManifest } from '../../../shared/spec/manifests/model.ts';
import { print, say } from './output.ts';

export function reportImport(manifest: ModelManifest): void {
  for (const note of manifest.notes) say(`Note: ${note}.`);
  print(`${manifest.name}: ${manifest.title}, ${formatCount(manifest.parameters)} parameters, ${headsOf(manifest)}`);
}

export const headsOf = ({ heads }: Pick<ModelManifest, 'heads'>): string =>
  heads.length === 0 ? 'no head' : heads.map(({ task }) => task).join(', ');
