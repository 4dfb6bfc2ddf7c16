/**
 * What a block is: one building stone of a pipeline. A definition owns its options (zod), its ports, its behaviour and
 * its documentation; the command line's help, the forms and the palette of the pipeline editor and the JSON schema of
 * experiment files are derived from it. Adding a block is one file with a `defineBlock` and its tests.
 */
import { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import type { JsonSchema } from '../../shared/spec/problems.ts';
import { nearest, problemsOf, showPath } from '../../shared/spec/problems.ts';
import type { Program, Value } from '../graph/program.ts';
import { showShape } from '../graph/shape.ts';

/** Training has dropout and batch statistics; prediction also gives what only a person wants to see. */
export type Mode = 'training' | 'evaluation' | 'prediction';

/** What the data gives to a pipeline. Sizes are static: another length is another program. */
export type PipelineInput =
  | { readonly kind: 'tokens'; readonly length: number; readonly vocabularySize: number }
  | {
      readonly kind: 'image';
      readonly height: number;
      readonly width: number;
      readonly channels: number;
      /** Of the training images, on the scale 0 … 1: what a network's input is normalised with. */
      readonly statistics?: { readonly mean: readonly number[]; readonly standardDeviation: readonly number[] };
    }
  /** A sequence of feature vectors, such as the mel bands of sound. */
  | { readonly kind: 'frames'; readonly length: number; readonly features: number };

export interface BuildContext {
  readonly program: Program;
  readonly mode: Mode;
  readonly batchSize: number;
  readonly input: PipelineInput;
  /** Whether parameters under a path, e.g. `backbone/stage.0`, are not trained; nothing is frozen when absent. */
  readonly isFrozen?: (path: string) => boolean;
  /** Whether batch normalisation under a path keeps to its running statistics while training; none does when absent. */
  readonly hasFixedStatistics?: (path: string) => boolean;
  /** Heads over tokens answer at every position in `prediction`, as other tools expect, and not only where this lab asks. */
  readonly everyPosition?: boolean;
}

export interface Port {
  readonly name: string;
  readonly summary: string;
  /** The axes in words, e.g. `['batch', 'length', 'channels']`; their number is checked before `build`. */
  readonly axes: readonly string[];
  readonly optional?: boolean;
  /** Whole numbers, such as token ids; other ports take what has been computed. */
  readonly whole?: boolean;
}

export type BlockFamily =
  | 'embedding'
  | 'dense'
  | 'attention'
  | 'convolution'
  | 'recurrence'
  | 'pooling'
  | 'normalisation'
  | 'shape'
  | 'join'
  /** A whole network of others. */
  | 'network';

export interface BlockDefinition<Options> {
  /** As written in a pipeline, e.g. `transformer-encoder`. */
  readonly type: string;
  readonly family: BlockFamily;
  readonly title: string;
  /** One or two sentences, with the source where there is one. */
  readonly summary: string;
  /** An object schema, each field with a default where one makes sense and a `.describe()`. */
  readonly options: z.ZodType<Options>;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /**
   * Present where real positions come out the same however much padding follows them, given the mask of an input 'mask' if there
   * is one: batches of short sequences then run in a shorter program.
   */
  readonly ignoresPadding?: true;
  /**
   * Builds the block under the current scope of the program. Missing optional inputs are absent. Throws
   * `LabError('bad-spec')` for options that do not fit the inputs, `LabError('shape')` from the ops.
   */
  build(
    context: BuildContext,
    inputs: Readonly<Record<string, Value>>,
    options: Options,
  ): Readonly<Record<string, Value>>;
  /** Present where the block can be opened and looked into. */
  readonly inside?: {
    /** The option that names one of the parts: choosing a part in the editor sets it. */
    readonly option: string;
    /** Builds everything there is, and throws as `build` does. */
    list(context: BuildContext, inputs: Readonly<Record<string, Value>>, options: Options): readonly BlockPart[];
  };
}

/** One step of what a block computes. */
export interface BlockPart {
  readonly name: string;
  /** What it does, e.g. 'Conv'. */
  readonly kind: string;
  /** Of its result, with the batch. */
  readonly shape: readonly number[];
  /** Of the weights that it is the first to read. */
  readonly parameters: number;
  /** Whether the option may name it. */
  readonly canBeChosen: boolean;
  /** What the block would give then, as its first output. */
  readonly value?: Value | undefined;
}

/** A block of any options: `build` takes them unparsed, and parses them with the block's own schema. */
export type AnyBlock = BlockDefinition<unknown>;

const registry = new Map<string, AnyBlock>();

/** Registers a block. Types are unique. */
export function defineBlock<Options>(definition: BlockDefinition<Options>): BlockDefinition<Options> {
  if (registry.has(definition.type)) throw new LabError('internal', `the block ${definition.type} is defined twice`);
  const check = (inputs: Readonly<Record<string, Value>>, options: unknown): Options => {
    for (const port of definition.inputs) checkPort(definition.type, port, inputs[port.name]);
    const parsed = definition.options.safeParse(options);
    if (!parsed.success) throw new LabError('bad-spec', showProblems(definition.options, parsed.error, options));
    return parsed.data;
  };
  const { inside, ...rest } = definition;
  registry.set(definition.type, {
    ...rest,
    build: (context, inputs, options) => definition.build(context, inputs, check(inputs, options)),
    ...(inside && {
      inside: {
        option: inside.option,
        list: (context, inputs, options) => inside.list(context, inputs, check(inputs, options)),
      },
    }),
  });
  return definition;
}

/** Throws `LabError('bad-spec')` naming the block that was meant, or those there are. */
export function findBlock(type: string): AnyBlock {
  const block = registry.get(type);
  if (!block) {
    const guess = nearest(type, registry.keys());
    const hint = guess === undefined ? `Blocks: ${[...registry.keys()].sort().join(', ')}` : `Did you mean '${guess}'?`;
    throw new LabError('bad-spec', `there is no block '${type}'. ${hint}`);
  }
  return block;
}

export function registeredBlocks(): readonly AnyBlock[] {
  return [...registry.values()];
}

/** Blocks that lead from values of so many axes to others. */
const bridges: Readonly<Record<string, string>> = {
  '2 to 3': 'a token-embedding',
  '3 to 2': 'a sequence-pooling',
  '4 to 2': 'a global-pooling or a flatten',
  '4 to 3': 'a columns-to-sequence',
};

/** What is wrong with options, in one line: `cells: unknown option. Did you mean 'cell'?` */
export function showProblems(schema: z.ZodType, error: z.core.$ZodError, options: unknown): string {
  const jsonSchema = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema; // the members that JsonSchema names are as in the standard
  return problemsOf(error, options, jsonSchema)
    .map(({ path, message }) => (path.length > 0 ? `${showPath(path)}: ${message}` : message))
    .join('; ');
}

function checkPort(type: string, { name, axes, optional, whole = false }: Port, value: Value | undefined): void {
  if (!value) {
    if (optional) return;
    throw new LabError('bad-spec', `${type} needs an input '${name}' (${showAxes(axes)})`);
  }
  if (value.shape.length !== axes.length) {
    const between = bridges[`${value.shape.length} to ${axes.length}`];
    const hint = between === undefined ? '' : `. Put ${between} between them`;
    throw new LabError(
      'shape',
      `${type} expects ${showAxes(axes)} for '${name}', got ${showShape(value.shape)}${hint}`,
    );
  }
  if (whole !== (value.dtype === 'int32')) {
    throw new LabError(
      'shape',
      whole
        ? `${type} looks up whole numbers for '${name}', such as input.tokens; this is something computed or a mask`
        : `${type} computes with '${name}', and ids of tokens are names, not amounts: a token-embedding makes vectors of them`,
    );
  }
}

function showAxes(axes: readonly string[]): string {
  return `[${axes.join(', ')}]`;
}
