/** The options of a task, a preset or a block, as their definitions describe them. */
import type { OptionDescription } from '../../runs/describe-tasks.ts';
import { emphasise, print, terminalWidth, wrap } from './output.ts';

export function printExplanation(title: string, summary: string): void {
  print(`${emphasise(title, 'bold')}\n${wrap(summary)}\n`);
}

export function printOptions(options: readonly OptionDescription[]): void {
  for (const { name, values, description, initial } of options) {
    const choice = `${values}${initial === undefined ? '' : `, default ${JSON.stringify(initial)}`}`;
    const [first = '', ...more] = wrap(`${name} ${choice}`, 4, terminalWidth() - 2).split('\n');
    print(`  ${emphasise(name, 'bold')}${emphasise([first.slice(name.length), ...more].join('\n'), 'dim')}`);
    print(`    ${wrap(description, 4)}`);
  }
}
