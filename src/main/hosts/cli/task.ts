/** `pretext task`: the tasks there are, with their options, as their definitions say. */
import type { Command } from 'commander';
import { describeTasks } from '../../runs/describe-tasks.ts';
import { printExplanation, printOptions } from './explain-options.ts';
import { globalsOf } from './globals.ts';
import { print, printJson, table } from './output.ts';

export function registerTask(program: Command): void {
  program
    .command('task')
    .description('list the tasks, or explain one with its options')
    .argument('[type]', 'e.g. masked-words')
    .action((type: string | undefined, _options: object, command: Command) => {
      const tasks = describeTasks(type);
      if (globalsOf(command).json) {
        printJson(tasks);
        return;
      }
      if (type === undefined) {
        print(
          table(
            [{ title: 'task' }, { title: 'kind' }, { title: 'data' }, { title: 'what it is' }],
            tasks.map((task) => [task.type, task.kind, task.data.join(', '), task.summary]),
          ),
        );
        return;
      }
      for (const { title, summary, options } of tasks) {
        printExplanation(title, summary);
        printOptions(options);
      }
    });
}
