/** `pretext card`: the audit card of a run, a study or a model, as Markdown, HTML or data. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { cardAsHtml } from '../../../shared/card/html.ts';
import { cardAsMarkdown } from '../../../shared/card/markdown.ts';
import { LabError, reasonOf } from '../../../shared/errors.ts';
import { loadNetworkCard, loadStudyCard } from '../../runs/card/load-card.ts';
import { globalsOf, workspaceOf } from './globals.ts';
import { print, printJson, say } from './output.ts';

interface CardOptions {
  readonly html?: boolean;
  readonly markdown?: boolean;
  readonly output?: string;
}

export function registerCard(card: Command): void {
  card
    .argument(
      '<name>',
      "a study's name, a run's id, the beginning of one, an experiment's name (its latest run), or a model's name",
    )
    .option('--html', 'one HTML file that needs nothing else')
    .option('--markdown', 'Markdown (the default, unless the file ends in .html)')
    .option('-o, --output <file>', 'write it to a file')
    .action(async (name: string, { html, markdown, output }: CardOptions, command: Command) => {
      if (html && markdown) throw new LabError('bad-input', 'Choose --html or --markdown');
      const workspace = await workspaceOf(command);
      const card = (await loadStudyCard(workspace, name)) ?? (await loadNetworkCard(workspace, name, say));
      if (globalsOf(command).json) {
        printJson(card);
        return;
      }
      const isHtml = html ?? (markdown !== true && /\.html?$/i.test(output ?? ''));
      const text = isHtml ? cardAsHtml(card) : cardAsMarkdown(card);
      if (output === undefined) {
        print(text.trimEnd());
        return;
      }
      await writeFile(output, text).catch((error: unknown) => {
        throw new LabError('bad-input', `${output} cannot be written: ${reasonOf(error)}`, { output }, error);
      });
      say(`Written to ${output}`);
    });
}
