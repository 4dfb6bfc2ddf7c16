/** What a finished run is for: the one button that its page puts first. */
import type { RouteLocationRaw } from 'vue-router';
import type { Run } from '../../../../shared/contract/runs.ts';

export interface NextStep {
  readonly title: string;
  readonly to: RouteLocationRaw;
}

/** A pretrained network is fine-tuned, a classifier is tried. Undefined before there is anything to go on with. */
export function nextStepOf({ id, state, taskKind }: Pick<Run, 'id' | 'state' | 'taskKind'>): NextStep | undefined {
  if (state !== 'finished') return undefined;
  if (taskKind === 'pretext') {
    return { title: 'Fine-tune this', to: { name: 'experiments', query: { from: id, kind: 'supervised' } } };
  }
  return { title: 'Try it', to: { name: 'demos', params: { run: id } } };
}
