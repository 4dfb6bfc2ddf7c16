/** `pretext study suggest`: the study that the page of new studies offers, as a file to look at, change and run. */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { parseBudgets } from '../../../shared/study/design-study.ts';
import { countTrainings, parseStudy, planStudy } from '../../runs/study-plan.ts';
import type { StudyWishes } from '../../runs/suggest-study.ts';
import { suggestStudy } from '../../runs/suggest-study.ts';
import { plural } from '../../../shared/display.ts';
import { existingWorkspaceOf, globalsOf } from './globals.ts';
import { positiveNumber } from './numbers.ts';
import { print, printJson, say } from './output.ts';
import { writeNew } from './write-new.ts';

type SuggestFlags = Omit<StudyWishes, 'data'> & { readonly output?: string };

/** `20,50,200` in order. */
function budgetsOf(text: string): readonly number[] {
  const budgets = parseBudgets(text);
  if (budgets && budgets.length > 0) return budgets;
  throw new InvalidArgumentError('Write whole numbers with commas between them, e.g. 20,50,200.');
}

export function registerStudySuggest(study: Command): void {
  study
    .command('suggest')
    .description('write a study of what a pretrained run gains on labelled data, at few labels and at more')
    .argument('<data>', 'a labelled dataset of the workspace')
    .option('--from <run>', 'the pretrained run (default: the latest that read such data)')
    .option('--task <task>', 'what is learned from the labels (default: what the data is for)')
    .option('--budgets <numbers>', 'label budgets, e.g. 20,50,200 (default: what the data has)', budgetsOf)
    .option('--seeds <number>', 'how many seeds (default: 5)', positiveNumber)
    .option('--name <name>', "the study's name")
    .option('-o, --output <file>', 'write it there, a new file')
    .action(async (data: string, { output, ...wishes }: SuggestFlags, command: Command) => {
      const spec = await suggestStudy(await existingWorkspaceOf(command), { ...wishes, data });
      const source = { value: spec, locate: (path: readonly (string | number)[]) => path.join('.') };
      const parsed = parseStudy(source);
      const cells = planStudy(parsed, source);
      const text = stringify(spec);
      if (output !== undefined) await writeNew(output, text);
      else if (globalsOf(command).json) printJson(spec);
      else print(text.trimEnd());
      say(`${plural(cells.length, 'run')}, ${plural(countTrainings(parsed), 'training')} of networks`);
      if (output !== undefined) say(`pretext study ${output}`);
    });
}
