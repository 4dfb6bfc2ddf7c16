/** `pretext task`: the tasks there are, with their options, as their definitions say. */
import type { Command } from 'commander';
import { describeTasks } from '../../runs/describe-tasks.ts';
import { printExplanation, printOptions } from './explain-options.ts';
import { globalsOf } from './globals.ts';
import { definitions, print, printJson } from './output.ts';

export function registerTask(tasks: Command): void {
  tasks
    .argument('[type]', 'e.g. masked-words')
    .action((type: string | undefined, _options: object, command: Command) => {
      const tasks = describeTasks(type);
      if (globalsOf(command).json) {
        printJson(tasks);
        return;
      }
      if (type === undefined) {
        print(
          definitions(
            tasks.map(({ type: name, kind, data, summary }) => ({
              name,
              facts: `${kind}, ${data.join(' or ')}`,
              summary,
            })),
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
