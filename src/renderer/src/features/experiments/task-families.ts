/** Tasks as a person chooses them: by what they begin with, each with those that add something to it. */
import type { TaskInformation } from '../../../../shared/contract/registry.ts';

export interface TaskFamily {
  readonly base: TaskInformation;
  /** “Masked words and next sentence” adds `next sentence`. */
  readonly combined: readonly { readonly task: TaskInformation; readonly added: string }[];
  /** The end of its title that another task beside it has, too: ` classification`; empty for most. */
  readonly shared: string;
}

export function taskFamilies(tasks: readonly TaskInformation[]): readonly TaskFamily[] {
  const baseOf = ({ title }: TaskInformation): TaskInformation | undefined =>
    tasks.find((other) => title.startsWith(`${other.title} and `));
  const bases = tasks.filter((task) => baseOf(task) === undefined);
  const ends = bases.map(({ title }) => / \S+$/u.exec(title)?.[0] ?? '');
  return bases.map((base, place) => {
    const end = ends[place] ?? '';
    return {
      base,
      combined: tasks
        .filter((task) => baseOf(task) === base)
        .map((task) => ({ task, added: task.title.slice(`${base.title} and `.length) })),
      shared: ends.filter((other) => other === end).length > 1 ? end : '',
    };
  });
}
