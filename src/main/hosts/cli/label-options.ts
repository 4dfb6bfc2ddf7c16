/** Options of imports that say where labels are, and what they say. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { formatCount, formatNumber, plural } from '../../../shared/display.ts';
import { labelKinds, type LabelFormat } from '../../../shared/spec/label-format.ts';
import { alignmentWords, type DatasetTargets } from '../../../shared/spec/manifests/dataset-targets.ts';
import { collect } from './globals.ts';
import { refuseOutOfPlace } from './out-of-place.ts';

const SHOWN_TAGS = 12;

export interface LabelOptions {
  readonly labels?: LabelFormat['kind'];
  readonly labelColumn?: readonly string[];
  readonly labelSeparator?: string;
  readonly tagNames?: string;
}

export function addLabelOptions(command: Command): Command {
  return command
    .option(
      '--label-column <name>',
      "column with the label (default: 'label', or the second one); for numbers and several labels may be repeated",
      collect,
    )
    .addOption(
      new Option(
        '--labels <kind>',
        'what labels say: one of several classes, numbers (for regression), several labels at once (for multi-label), a tag for each word (for token classification), or how two sequences are aligned (for alignment)',
      )
        .choices(labelKinds)
        .default('classes'),
    )
    .option(
      '--label-separator <text>',
      'for several labels: what stands between them (default: semicolon, comma, vertical bar or line end)',
    )
    .option('--tag-names <names>', 'for tags that are numbers: what they are called, from 0 on, apart by commas');
}

/** The first column of labels, and what they say with the further ones. */
export function labelsOf(
  { labels: kind = 'classes', labelColumn = [], labelSeparator: separator, tagNames }: LabelOptions,
  command: Command,
): { readonly labelColumn?: string; readonly labels?: LabelFormat } {
  const [first, ...furtherColumns] = labelColumn;
  if (kind !== 'several') refuseOutOfPlace(command, ['labelSeparator'], `with --labels ${kind}`);
  if (kind !== 'tags') refuseOutOfPlace(command, ['tagNames'], `with --labels ${kind}`);
  if (kind !== 'numbers' && kind !== 'several' && furtherColumns.length > 0) {
    command.error('error: --label-column is one column; for several, say --labels numbers or --labels several');
  }
  const further = furtherColumns.length > 0 && { furtherColumns };
  return {
    ...(first !== undefined && { labelColumn: first }),
    ...(kind === 'numbers' && { labels: { kind, ...further } }),
    ...(kind === 'tags' && {
      labels: { kind, ...(tagNames !== undefined && { names: tagNames.split(',').map((name) => name.trim()) }) },
    }),
    ...(kind === 'alignments' && { labels: { kind } }),
    ...(kind === 'several' && { labels: { kind, ...further, ...(separator !== undefined && { separator }) } }),
  };
}

/** For people. */
export function describeTargets(targets: DatasetTargets): string {
  if (targets.kind === 'tags') {
    const frequent = targets.tags.toSorted((x, y) => y.words - x.words);
    const shown = frequent.slice(0, SHOWN_TAGS).map(({ name, words }) => `${formatCount(words)} ${name}`);
    const more = frequent.length - shown.length;
    const areNumbers = frequent.every(({ name }) => /^\d+$/u.test(name));
    const hint = areNumbers ? '; --tag-names says what such numbers are called, and which of them are entities' : '';
    return `${plural(frequent.length, 'tag')}: ${shown.join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}${hint}`;
  }
  if (targets.kind === 'several') {
    return targets.labels.map(({ name, examples }) => `${formatCount(examples)} ${name}`).join(', ');
  }
  if (targets.kind === 'alignments') return alignmentWords(targets);
  return targets.targets
    .map(
      ({ name, minimum, maximum, mean }) =>
        `${name} from ${formatNumber(minimum)} to ${formatNumber(maximum)}, ${formatNumber(mean)} on average`,
    )
    .join('; ');
}
