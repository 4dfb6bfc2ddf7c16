/** The registered tasks, as the lab wants to know them. */
import { registeredTasks } from '../tasks/index.ts';
import type { TaskDefinition } from '../tasks/index.ts';

const find = (type: string): TaskDefinition<unknown> | undefined =>
  registeredTasks().find((task) => task.type === type);

export const taskNotes = {
  kindOf: (type: string) => find(type)?.kind ?? null,
  selectionOf: (type: string) => find(type)?.selection ?? ({ metric: 'loss', direction: 'minimise' } as const),
};
