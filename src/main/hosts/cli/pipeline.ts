/** `pretext pipeline`: the presets and blocks there are, and what a pipeline consists of. */
import type { Command } from 'commander';
import { formatBytes, formatCount } from '../../../shared/display.ts';
import type { PipelineInput, Port } from '../../nn/index.ts';
import { findBlock, registeredBlocks, registeredPresets } from '../../nn/index.ts';
import type { BlockDescription } from '../../runs/describe-pipeline.ts';
import { describePipeline, presetPipeline, specPipeline } from '../../runs/describe-pipeline.ts';
import { describeOptions } from '../../runs/describe-tasks.ts';
import { fileExists } from '../../files/file-exists.ts';
import { printExplanation, printOptions } from './explain-options.ts';
import { collect, globalsOf, existingWorkspaceOf } from './globals.ts';
import { positiveNumber } from './numbers.ts';
import { refuseOutOfPlace } from './out-of-place.ts';
import { definitions, print, printJson, table, wrap } from './output.ts';
import { readExperiment } from './run.ts';

interface ShowOptions {
  readonly set?: readonly string[];
  readonly length: number;
  readonly vocabulary: number;
  readonly side: number;
}

export function registerPipeline(pipeline: Command): void {
  pipeline
    .command('list')
    .description('list the presets and the blocks')
    .action((_options: object, command: Command) => {
      const presets = registeredPresets().map(({ name, summary, input }) => ({ name, input, summary }));
      const blocks = registeredBlocks().map(({ type, family, summary }) => ({ type, family, summary }));
      if (globalsOf(command).json) {
        printJson({ presets, blocks });
        return;
      }
      print('Presets\n');
      print(definitions(presets.map(({ name, input, summary }) => ({ name, facts: `reads ${input}`, summary }))));
      print('\nBlocks\n');
      print(definitions(blocks.map(({ type: name, family, summary }) => ({ name, facts: family, summary }))));
    });
  pipeline
    .command('explain')
    .description('explain a preset or a block: what it reads and gives, and its options')
    .argument('<name>', 'e.g. lstm-lm or recurrent')
    .action((name: string, _options: object, command: Command) => {
      const explained = explain(name);
      if (globalsOf(command).json) {
        printJson(explained);
        return;
      }
      printExplanation(explained.title, explained.summary);
      for (const [title, ports] of [
        ['reads', explained.inputs],
        ['gives', explained.outputs],
      ] as const) {
        for (const { name: port, summary, axes, optional } of ports) {
          print(`  ${title} ${port} [${axes.join(', ')}]${optional ? ', if there is one' : ''}`);
          print(`    ${wrap(summary, 4)}`);
        }
      }
      if (explained.inputs.length > 0) print('\nOptions:\n');
      printOptions(explained.options);
    });
  pipeline
    .command('show')
    .description('show the blocks of a pipeline with shapes, parameters, arithmetic and memory, for one example')
    .argument('<spec|preset>', 'an experiment file, which is shown on its data, or the name of a preset')
    .option(
      '-s, --set <key=value>',
      'change a setting of the experiment, or an option of the preset (may be repeated)',
      collect,
    )
    .option('--length <tokens>', 'for a preset on text or frames: length of the input', positiveNumber, 128)
    .option('--vocabulary <tokens>', 'for a preset on text: size of the vocabulary', positiveNumber, 8192)
    .option('--side <pixels>', 'for a preset on images: height and width', positiveNumber, 64)
    .action(async (reference: string, options: ShowOptions, command: Command) => {
      const isSpec = await fileExists(reference);
      const { graph, input } = isSpec
        ? await specPipeline(await existingWorkspaceOf(command), await readExperiment(reference, options))
        : presetPipeline(reference, options.set ?? [], inputOf(options));
      refuseOtherSizes(command, isSpec ? 'none' : input.kind);
      const blocks = describePipeline(graph, input);
      if (globalsOf(command).json) printJson({ input, blocks });
      else print(describe(blocks));
    });
}

/** Throws `LabError('bad-spec')` naming the blocks there are. */
function explain(name: string) {
  const preset = registeredPresets().find((candidate) => candidate.name === name);
  const { title, summary, options } = preset ?? findBlock(name);
  const ports = (of: readonly Port[]) => of.map(({ optional = false, ...port }) => ({ ...port, optional }));
  const { inputs, outputs } = preset ? { inputs: [], outputs: [] } : findBlock(name);
  return { name, title, summary, inputs: ports(inputs), outputs: ports(outputs), options: describeOptions(options) };
}

/** The options that say how large each kind of input is. */
const sizeOptions: Readonly<Record<PipelineInput['kind'] | 'none', readonly string[]>> = {
  tokens: ['length', 'vocabulary'],
  image: ['side'],
  frames: ['length'],
  none: [],
};

/** Wrong usage, if a size was given that this pipeline has no use for. */
function refuseOtherSizes(command: Command, kind: keyof typeof sizeOptions): void {
  const fitting = sizeOptions[kind];
  const others = Object.values(sizeOptions)
    .flat()
    .filter((name) => !fitting.includes(name));
  const why =
    kind === 'none'
      ? 'here: an experiment is shown on its data; change its settings with --set'
      : `here: the size of what this preset reads is set with ${fitting.map((name) => `--${name}`).join(' and ')}`;
  refuseOutOfPlace(command, others, why);
}

function inputOf({ length, vocabulary, side }: ShowOptions): (kind: PipelineInput['kind']) => PipelineInput {
  return (kind) => {
    switch (kind) {
      case 'tokens':
        return { kind, length, vocabularySize: vocabulary };
      case 'image':
        return { kind, height: side, width: side, channels: 3 };
      case 'frames':
        return { kind, length, features: 40 };
    }
  };
}

function describe(blocks: readonly BlockDescription[]): string {
  const total = (pick: (block: BlockDescription) => number): number =>
    blocks.reduce((sum, block) => sum + pick(block), 0);
  const numbers = (parameters: number, flops: number, bytes: number): string[] => [
    formatCount(parameters),
    showFlops(flops),
    formatBytes(bytes),
  ];
  return table(
    [
      { title: 'block' },
      { title: 'type' },
      { title: 'output', align: 'right' },
      { title: 'parameters', align: 'right' },
      { title: 'arithmetic', align: 'right' },
      { title: 'activations', align: 'right' },
    ],
    [
      ...blocks.map((block) => [
        block.id,
        block.type,
        block.shape.join(' × '),
        ...numbers(block.parameters, block.flops, block.activationBytes),
      ]),
      [
        '',
        'together',
        '',
        ...numbers(
          total(({ parameters }) => parameters),
          total(({ flops }) => flops),
          total(({ activationBytes }) => activationBytes),
        ),
      ],
    ],
  );
}

function showFlops(flops: number): string {
  const [factor, unit] = flops >= 1e9 ? [1e9, 'GFLOP'] : flops >= 1e6 ? [1e6, 'MFLOP'] : [1e3, 'kFLOP'];
  return `${(flops / factor).toFixed(1)} ${unit}`;
}
