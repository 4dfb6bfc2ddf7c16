/**
 * Asks before something is lost because a lab or its window is closed. An answer holds for once: whoever closes the window in the
 * middle of a run has to mean it every time.
 */
import type { BrowserWindow } from 'electron';
import { dialog } from 'electron';
import type { Lab } from '../../lab/lab.ts';

export const goOn = 'Keep training';

/** True when nothing trains, or the person agrees. `leaving`: what is done then, as the button says it. */
export async function mayStopTraining(
  lab: Lab,
  window: BrowserWindow | undefined,
  leaving: 'Stop and quit' | 'Stop and open the other workspace',
): Promise<boolean> {
  const names = namesInTraining(lab);
  const [first] = names;
  if (first === undefined) return true;
  const options = {
    type: 'question' as const,
    title: 'Pretext Lab',
    message: names.length === 1 ? `${first} is training` : `${names.length} runs are training`,
    detail: [
      ...(names.length === 1 ? [] : [`${names.join(', ')}.`]),
      `${names.length === 1 ? 'It stops' : 'They stop'} with a checkpoint, from which ${names.length === 1 ? 'it' : 'they'} can be resumed.`,
      'Runs that wait in the queue stay there.',
    ].join(' '),
    buttons: [leaving, goOn],
    defaultId: 1,
    cancelId: 1,
    noLink: true,
  };
  const { response } = window ? await dialog.showMessageBox(window, options) : await dialog.showMessageBox(options);
  return response === 0;
}

/** Whether a window may be closed with an experiment or a pipeline that was not saved. It waits for the answer, as Electron does. */
export function mayLoseDrafts(window: BrowserWindow): boolean {
  const response = dialog.showMessageBoxSync(window, {
    type: 'question',
    title: 'Pretext Lab',
    message: 'An experiment or a pipeline is not saved',
    detail: 'What was changed since it was saved is lost when the window is closed.',
    buttons: ['Close the window', 'Go back'],
    defaultId: 1,
    cancelId: 1,
    noLink: true,
  });
  return response === 0;
}

/** Runs that have a trainer. */
export function namesInTraining({ queue, runs }: Lab): string[] {
  return queue.state().active.map((id) => runs.find(id)?.spec.name ?? id);
}
