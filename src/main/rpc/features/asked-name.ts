/** What is asked, by the name that people gave it. */
import type { Lab } from '../../lab/lab.ts';
import { modelOfReference } from '../../runs/find-network.ts';

/** Throws `LabError('not-found')` for a run that is not there; models are looked for by whoever asks them. */
export function nameOf({ runs }: Lab, reference: string): string {
  return modelOfReference(reference) ?? runs.get(reference).spec.name;
}
