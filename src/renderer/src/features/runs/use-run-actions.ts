/** What can be done with the run on its page: the entries of its menu, the palette of commands and the keys are made from these. */
import type { ComputedRef } from 'vue';
import { computed } from 'vue';
import { useRouter } from 'vue-router';
import type { Run } from '../../../../shared/contract/runs.ts';
import type { Action } from '../../actions/action.ts';
import { useActions } from '../../actions/use-actions.ts';
import type { NextStep } from './next-step.ts';
import { canResume, canRetry, canStop, isActive } from './run-state.ts';

interface RunPageOperations {
  readonly stop: () => void;
  /** Trains, from the beginning or from where it stopped. */
  readonly resume: () => void;
  readonly retry: () => Promise<void>;
  readonly clone: () => void;
  readonly compare: () => void;
  readonly pin: () => void;
  readonly archive: () => void;
  /** Leaves the page, too. */
  readonly remove: () => Promise<void>;
  readonly export: () => void;
  readonly bundle: () => void;
  /** Once there is a result. */
  readonly canExport: () => boolean;
  readonly next: () => NextStep | undefined;
  readonly parts: readonly { readonly name: string; readonly title: string }[];
}

export interface RunAction extends Action {
  /** Whether the menu has it: what cannot be done now is left out, and what has a button of its own. */
  readonly inMenu: boolean;
  readonly danger: boolean;
}

export function useRunActions(run: () => Run, operations: RunPageOperations): ComputedRef<readonly RunAction[]> {
  const router = useRouter();
  const actions = computed<readonly RunAction[]>(() => {
    const shown = run();
    const next = operations.next();
    const action = (
      name: string,
      title: string,
      possible: boolean,
      perform: () => void | Promise<void>,
      more: Partial<RunAction> = {},
    ): RunAction => ({
      id: `run.${name}`,
      title,
      section: 'Run',
      enabled: () => possible,
      run: perform,
      inMenu: possible,
      danger: false,
      ...more,
    });
    return [
      action('stop', 'Stop this run', canStop(shown), operations.stop, { keys: 'shift+s', inMenu: false }),
      action('resume', shown.step > 0 ? 'Resume this run' : 'Start this run', canResume(shown), operations.resume, {
        keys: 'shift+r',
        inMenu: false,
      }),
      ...(next
        ? [action('next', next.title, true, () => void router.push(next.to), { icon: 'arrowRight', inMenu: false })]
        : []),
      action('export', 'Export this run …', operations.canExport(), operations.export, {
        icon: 'upload',
        keywords: 'onnx safetensors hugging face download take with you',
      }),
      action('bundle', 'Bundle this run …', operations.canExport(), operations.bundle, {
        icon: 'folder',
        keywords: 'zip file share verify colleague',
      }),
      action('clone', 'Duplicate and edit', true, operations.clone, { icon: 'copy' }),
      action('retry', 'Run again', canRetry(shown), operations.retry, { icon: 'retry' }),
      action('compare', 'Compare', true, operations.compare, { icon: 'compare' }),
      action('pin', shown.pinned ? 'Unpin' : 'Pin', true, operations.pin, { icon: 'check', keys: 'p' }),
      action('archive', shown.archived ? 'Unarchive' : 'Archive', !isActive(shown), operations.archive, {
        icon: 'folder',
        keys: 'e',
      }),
      action('delete', 'Delete', !isActive(shown), operations.remove, {
        icon: 'trash',
        keys: 'shift+delete',
        danger: true,
      }),
      ...operations.parts.map(({ name, title }, index) =>
        action(
          `part.${name}`,
          `Show ${title.toLowerCase()} of this run`,
          true,
          () => void router.replace({ name: 'run', params: { id: shown.id, part: name } }),
          { keys: String(index + 1), inMenu: false },
        ),
      ),
    ];
  });
  useActions(() => actions.value);
  return actions;
}
