/** The reference: every field, task, block, preset, metric and command, as their definitions describe them. */
import type { Command } from 'commander';
import { format } from 'prettier';
import { createProgram } from '../src/main/hosts/cli/index.ts';
import { registeredBlocks, registeredPresets } from '../src/main/nn/index.ts';
import type { OptionDescription } from '../src/main/runs/describe-tasks.ts';
import { describeOptions, describeTasks } from '../src/main/runs/describe-tasks.ts';
import { metricNames, metricOf } from '../src/shared/metrics.ts';
import { experimentSpec } from '../src/shared/spec/experiment/index.ts';
import { studySpec } from '../src/shared/spec/study.ts';
import { mostTrials, sweepOptions, valueRange } from '../src/shared/spec/sweep.ts';

/** The pages in Markdown by the names of their files, laid out as the rest of the documentation. */
export async function referencePages(): Promise<Readonly<Record<string, string>>> {
  const pages = {
    'experiments.md': experiments(),
    'tasks.md': tasks(),
    'pipelines.md': pipelines(),
    'metrics.md': metrics(),
    'commands.md': commands(await createProgram(() => true)),
  };
  const formatted = Object.entries(pages).map(async ([file, lines]) => {
    return [file, await format(lines.join('\n\n'), { parser: 'markdown', printWidth: 120 })] as const;
  });
  return Object.fromEntries(await Promise.all(formatted));
}

const generated = '<!-- Written by `npm run docs` from the definitions: change those. -->';

function experiments(): string[] {
  return [
    '# Experiments, studies and sweeps',
    generated,
    'An experiment is a YAML or JSON file for `pretext run`. Names with dots are members of members, and what `--set` takes.',
    '## Experiment',
    ...optionTable(describeOptions(experimentSpec)),
    '## Study',
    'A study is a file for `pretext study`: what its runs have in common is an experiment without a name.',
    ...optionTable(describeOptions(studySpec)),
    '## Sweep',
    `A sweep is a file for \`pretext sweep\`: an experiment with a member \`sweep\`, which has the options below. Any setting of the experiment can be tried, by its path with dots. Trials are compared on the validation split, and the test split is left alone; a sweep has at most ${mostTrials} of them. \`pretext schema --sweep\` prints the schema for editors.`,
    'With halving, every rung is a training of its own from the first step on, with a schedule of its full length: a learning rate that has not fallen yet ranks trials otherwise.',
    ...optionTable(describeOptions(sweepOptions)),
    'A range of numbers in `fields` has these:',
    ...optionTable(describeOptions(valueRange)),
  ];
}

function tasks(): string[] {
  return [
    '# Tasks',
    generated,
    ...describeTasks().flatMap(({ type, title, summary, kind, data, options }) => [
      `## ${title}`,
      `\`${type}\`: a ${kind} task on ${data.map((one) => `\`${one}\``).join(' or ')}.`,
      plain(summary),
      ...optionTable(options),
    ]),
  ];
}

function pipelines(): string[] {
  return [
    '# Pipelines',
    generated,
    '## Presets',
    ...registeredPresets().flatMap(({ name, title, summary, input, options }) => [
      `### ${title}`,
      `\`${name}\` reads ${input}. ${plain(summary)}`,
      ...optionTable(describeOptions(options)),
    ]),
    '## Blocks',
    ...registeredBlocks().flatMap(({ type, title, family, summary, inputs, outputs, options }) => [
      `### ${title}`,
      `\`${type}\` (${family}). ${plain(summary)}`,
      rows(
        ['Port', 'Shape', 'Meaning'],
        [...inputs.map((port) => ['in', port] as const), ...outputs.map((port) => ['out', port] as const)].map(
          ([way, port]) => [`${way} \`${port.name}\``, `[${port.axes.join(', ')}]`, port.summary],
        ),
      ),
      ...optionTable(describeOptions(options)),
    ]),
  ];
}

function metrics(): string[] {
  const better = { minimise: 'lower', maximise: 'higher' };
  return [
    '# Metrics',
    generated,
    rows(
      ['Metric', 'Title', 'Better', 'Range', 'Unit'],
      metricNames.map((name) => {
        const { title, direction, bounds, unit = '' } = metricOf(name);
        const [least, largest] = bounds;
        return [
          `\`${name}\``,
          title,
          direction ? better[direction] : '',
          `${least ?? '−∞'} to ${largest ?? '∞'}`,
          unit,
        ];
      }),
    ),
  ];
}

function commands(program: Command): string[] {
  return [
    '# Commands',
    generated,
    rows(
      ['Option of all commands', 'Meaning'],
      program.options.map(({ flags, description }) => [`\`${flags}\``, description]),
    ),
    ...program.commands.flatMap((command) => describeCommand(command, 'pretext')),
  ];
}

function describeCommand(command: Command, before: string): string[] {
  const name = `${before} ${command.name()}`;
  const inputs = command.registeredArguments.map((argument) => [argument.name(), argument.description] as const);
  const options = command.options.filter(({ hidden }) => !hidden);
  const usage = command.usage();
  return [
    `## ${name}`,
    `\`${name}${usage === '' ? '' : ` ${usage}`}\``,
    plain(command.description()),
    ...(inputs.some(([, description]) => description !== '')
      ? [
          rows(
            ['Argument', 'Meaning'],
            inputs.map(([title, description]) => [`\`${title}\``, description]),
          ),
        ]
      : []),
    ...(options.length > 0
      ? [
          rows(
            ['Option', 'Meaning', 'Default'],
            options.map((option) => [`\`${option.flags}\``, option.description, shown(option.defaultValue)]),
          ),
        ]
      : []),
    ...command.commands.flatMap((inner) => describeCommand(inner, name)),
  ];
}

function optionTable(options: readonly OptionDescription[]): string[] {
  if (options.length === 0) return [];
  return [
    rows(
      ['Option', 'Value', 'Default', 'Meaning'],
      options.map(({ name, values, initial, description }) => [`\`${name}\``, values, shown(initial), description]),
    ),
  ];
}

function shown(value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return '';
  return `\`${JSON.stringify(value)}\``;
}

function rows(titles: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => plain(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...body.map(line)].join('\n');
}

/** On one line, with what Markdown would take for tags. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/(?<!`[^`]*)<(?=[a-z])/g, '&lt;');
}
