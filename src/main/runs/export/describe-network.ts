/** What goes into an exported network and what comes out, as data: the contents of `model.json`, and of a model's metadata. */
import { labVersion } from '../../files/version.ts';
import type { OnnxValueInfo } from '../../graph/onnx.ts';
import { loadTokenizer } from '../../data/tokenizer/tokenizer.ts';
import type { ExportSource, ExportSubject } from './source.ts';

export interface PortDescription {
  readonly name: string;
  readonly type: string;
  /** A name stands for a size that may be chosen. */
  readonly shape: readonly (number | string)[];
  readonly meaning: string;
}

export interface NetworkDescription {
  readonly formatVersion: 1;
  readonly name: string;
  readonly run: string;
  readonly step: number;
  readonly task: Readonly<Record<string, unknown>>;
  /** Classes in the order of the logits; null where the outputs are no classes. */
  readonly labels: readonly string[] | null;
  readonly inputs: readonly PortDescription[];
  readonly outputs: readonly PortDescription[];
  readonly preprocessing: Readonly<Record<string, unknown>>;
  readonly lab: string;
}

export function describeNetwork(
  source: ExportSource,
  inputs: readonly OnnxValueInfo[],
  outputs: readonly OnnxValueInfo[],
): NetworkDescription {
  const { run, experiment, model, step } = source;
  const described = (port: OnnxValueInfo, meaning: string): PortDescription => ({ ...port, meaning });
  return {
    formatVersion: 1,
    name: experiment.name,
    run: run.id,
    step,
    task: experiment.task,
    labels: model.facts.classes ?? null,
    inputs: inputs.map((port) => described(port, meaningOfInput(port.name, source))),
    outputs: outputs.map((port) => described(port, meaningOfOutput(port, source))),
    preprocessing: describePreprocessing(source),
    lab: labVersion(),
  };
}

/** Whether the network itself subtracts the mean and divides by the deviation of its training images. */
export function normalisesInside({ pipeline }: Pick<ExportSubject['model'], 'pipeline'>): boolean {
  return pipeline.blocks.some(({ type }) => type === 'image-normalisation');
}

function meaningOfInput(name: string, { model }: ExportSubject): string {
  switch (name) {
    case 'input_ids':
      return 'ids of tokens, padded at the end';
    case 'attention_mask':
      return '1 at tokens, 0 at padding';
    case 'token_type_ids':
      return '0 for the first text, 1 for the second';
    case 'pixel_values':
      return model.task.type === 'patch-position'
        ? 'pixels from 0 to 1; the two patches of a pair one after the other'
        : 'pixels from 0 to 1';
    case 'input_features':
      return 'log-mel frames, padded at the end';
    default:
      return name;
  }
}

function meaningOfOutput({ name, shape }: OnnxValueInfo, { model }: ExportSubject): string {
  if (name === 'seq_relationship_logits') return 'one number for each class, before the softmax';
  const isOfTokens = model.facts.input.kind === 'tokens' && shape.length === 3;
  if (isOfTokens) return 'at every position one number for each token of the vocabulary, before the softmax';
  if (shape.length === 3) return 'at every step one number for the blank and each character (CTC), before the softmax';
  return 'one number for each class, before the softmax';
}

function describePreprocessing({ model, tokenizerFile }: ExportSubject): Record<string, unknown> {
  const { facts } = model;
  const { input } = facts;
  switch (input.kind) {
    case 'tokens': {
      const special = tokenizerFile === undefined ? undefined : loadTokenizer(tokenizerFile).special;
      return { kind: 'text', tokenizer: 'tokenizer.json', maximumLength: input.length, specialTokens: special ?? null };
    }
    case 'image':
      return {
        kind: 'image',
        height: input.height,
        width: input.width,
        channels: input.channels,
        colours: input.channels === 3 ? 'RGB' : 'grey',
        layout: 'NCHW',
        range: [0, 1],
        normalisation: normalisesInside(model) ? 'inside' : 'none',
        mean: input.statistics?.mean ?? null,
        standardDeviation: input.statistics?.standardDeviation ?? null,
        resize: facts.images ?? null,
      };
    case 'frames':
      return {
        kind: 'recording',
        frames: input.length,
        features: input.features,
        extraction: facts.audio ?? null,
      };
  }
}
