/** The lab's contract, for whichever component asks: provided once, over the connection that the page was opened with. */
import type { InjectionKey } from 'vue';
import { inject } from 'vue';
import type { LabClient } from '../../../shared/contract/index.ts';

export const labKey: InjectionKey<LabClient> = Symbol('lab');

export function useLab(): LabClient {
  const lab = inject(labKey);
  if (!lab) throw new Error('No lab was provided: see main.ts');
  return lab;
}
