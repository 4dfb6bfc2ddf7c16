/** What ways of trying settings are called. */
import type { SweepResult } from '../../../../shared/spec/sweep.ts';

export const methodWords: Readonly<Record<SweepResult['method'], string>> = {
  grid: 'Grid',
  random: 'Random',
  halving: 'Successive halving',
};
