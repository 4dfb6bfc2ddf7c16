/** The lab's client for components; `main.ts` provides it, tests provide a stand-in. */
import type { InjectionKey } from 'vue';
import { inject } from 'vue';
import type { LabClient } from '../../../shared/contract/index.ts';

export const labKey: InjectionKey<LabClient> = Symbol('lab');

export function useLab(): LabClient {
  const lab = inject(labKey);
  if (lab === undefined) throw new Error('no lab was provided to this component');
  return lab;
}
