/** What can be done with the run on its page, for the palette of commands and for keys. */
import type { Ref } from 'vue';
import { useRouter } from 'vue-router';
import type { Run } from '../../../../shared/contract/runs.ts';
import { useActions } from '../../actions/use-actions.ts';
import { canResume, canStop, isActive } from './run-state.ts';
import type { useRunOperations } from './use-run-operations.ts';

interface RunPageOperations extends Pick<ReturnType<typeof useRunOperations>, 'stop' | 'resume' | 'pin' | 'archive'> {
  /** Leaves the page, too. */
  readonly remove: () => Promise<void>;
  /** Parts of the page, in their order. */
  readonly parts: readonly { readonly name: string; readonly title: string }[];
}

export function useRunActions(run: Readonly<Ref<Run | undefined>>, operations: RunPageOperations): void {
  const router = useRouter();
  useActions(() => {
    const shown = run.value;
    if (!shown) return [];
    return [
      {
        id: 'run.stop',
        title: 'Stop this run',
        section: 'Run',
        keys: 'shift+s',
        enabled: () => canStop(shown),
        run: () => void operations.stop.perform([shown.id]),
      },
      {
        id: 'run.resume',
        title: 'Resume this run',
        section: 'Run',
        keys: 'shift+r',
        enabled: () => canResume(shown),
        run: () => void operations.resume.perform([shown.id]),
      },
      {
        id: 'run.pin',
        title: shown.pinned ? 'Unpin this run' : 'Pin this run',
        section: 'Run',
        keys: 'p',
        run: () => void operations.pin.perform([shown.id], !shown.pinned),
      },
      {
        id: 'run.archive',
        title: shown.archived ? 'Bring this run back' : 'Archive this run',
        section: 'Run',
        keys: 'e',
        enabled: () => !isActive(shown),
        run: () => void operations.archive.perform([shown.id], !shown.archived),
      },
      {
        id: 'run.delete',
        title: 'Delete this run',
        section: 'Run',
        keys: 'shift+delete',
        enabled: () => !isActive(shown),
        run: operations.remove,
      },
      ...operations.parts.map(({ name, title }, index) => ({
        id: `run.part.${name}`,
        title: `Show ${title.toLowerCase()} of this run`,
        section: 'Run',
        keys: String(index + 1),
        run: () => void router.replace({ name: 'run', params: { id: shown.id, part: name } }),
      })),
    ];
  });
}
