/** What the desktop shows of runs outside the window: progress in the taskbar, and a notification when one has ended. */
import { plural } from '../../../shared/display.ts';
import type { BrowserWindow } from 'electron';
import { Notification } from 'electron';
import type { RunState } from '../../../shared/contract/runs.ts';
import type { Lab } from '../../lab/lab.ts';

const endings: Partial<Record<RunState, string>> = { finished: 'is finished', failed: 'has failed' };

/**
 * Returns a function that stops it.
 *
 * @param isWanted whether there are to be notifications; progress is shown anyway
 */
export function announceRuns(
  { runs, queue }: Lab,
  window: () => BrowserWindow | undefined,
  show: () => void,
  isWanted: () => boolean,
): () => void {
  const states = new Map(runs.all().map(({ id, state }) => [id, state]));
  const update = (): void => {
    const [active] = queue.state().active;
    const record = active === undefined ? undefined : runs.find(active);
    const total = record?.progress.totalSteps ?? null;
    // Beyond 1 the bar moves without an end: the total is not known yet. Below 0 it goes away.
    window()?.setProgressBar(!record ? -1 : total === null ? 2 : Math.min(1, record.progress.step / total));
  };
  const stops = [
    runs.changes.on(({ id, removed }) => {
      update();
      const record = removed ? undefined : runs.find(id);
      const before = states.get(id);
      if (!record || before === record.state) return;
      states.set(id, record.state);
      const ending = endings[record.state];
      if (before === undefined || ending === undefined || window()?.isFocused()) return;
      if (!isWanted() || !Notification.isSupported()) return;
      const body = record.failure?.message ?? plural(record.progress.step, 'step');
      new Notification({ title: `${record.spec.name} ${ending}`, body }).on('click', show).show();
    }),
    queue.changes.on(update),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
