/** What goes into an exported network and what comes out, as data: the contents of `model.json`, and of a model's metadata. */
import { basename } from 'node:path';
import type { ModelManifest } from '../../../shared/spec/manifests/model.ts';
import { labVersion } from '../../files/version.ts';
import type { OnnxValueInfo } from '../../graph/onnx.ts';
import { loadTokenizer } from '../../data/tokenizer/tokenizer.ts';
import type { TaskFacts } from '../../tasks/index.ts';
import type { ExportSource, ExportSubject } from './source.ts';
import { meaningsOfVoice } from './voice-readme.ts';

export interface PortDescription {
  readonly name: string;
  readonly type: string;
  /** A name stands for a size that may be chosen. */
  readonly shape: readonly (number | string)[];
  readonly meaning: string;
}

/** Where a model of others is from. */
export interface ModelOrigin {
  readonly name: string;
  readonly title: string;
  /** Its address, or the name of the file or folder that it was imported from. */
  readonly source: string;
  readonly licence: string | null;
}

export interface NetworkDescription {
  readonly formatVersion: 1;
  readonly name: string;
  /** The run's id; null for a model of others. */
  readonly run: string | null;
  /** Null for a run. */
  readonly model: ModelOrigin | null;
  readonly step: number;
  readonly task: Readonly<Record<string, unknown>>;
  /** Classes, labels or targets in the order of the output's columns; null where it has none. */
  readonly labels: readonly string[] | null;
  readonly inputs: readonly PortDescription[];
  readonly outputs: readonly PortDescription[];
  readonly preprocessing: Readonly<Record<string, unknown>>;
  readonly lab: string;
}

/** Each port with its shape and what it means, and what a program must know to prepare inputs and read outputs. */
export function describeNetwork(
  source: ExportSource,
  inputs: readonly OnnxValueInfo[],
  outputs: readonly OnnxValueInfo[],
): NetworkDescription {
  const { trained, imported, model, step } = source;
  const described = (port: OnnxValueInfo, meaning: string): PortDescription => ({ ...port, meaning });
  return {
    formatVersion: 1,
    name: source.name,
    run: trained?.run.id ?? null,
    model: imported ? describeOrigin(imported) : null,
    step,
    task: source.task,
    labels: namesOfOutput(model.facts) ?? null,
    inputs: inputs.map((port) => described(port, meaningOfInput(port.name, source))),
    outputs: outputs.map((port) => described(port, meaningOfOutput(port, source))),
    preprocessing: describePreprocessing(source),
    lab: labVersion(),
  };
}

/** What the columns of an answer stand for: classes, several labels, or the targets of regression. */
export function namesOfOutput({ classes, labelSet, targets, tags }: TaskFacts): readonly string[] | undefined {
  return classes ?? labelSet?.names ?? targets?.names ?? tags;
}

/** Folders of this computer are nobody else's business. */
export function describeOrigin({ name, title, source }: ModelManifest): ModelOrigin {
  const isAddress = /^https?:\/\//u.test(source.path);
  return { name, title, source: isAddress ? source.path : basename(source.path), licence: source.licence };
}

/** Where the weights are from, in a sentence. */
export function provenanceOf({ run, model, step, lab }: NetworkDescription): string {
  if (!model) return `Trained with Pretext Lab ${lab} (run ${run ?? ''}, step ${String(step)}).`;
  const licence = model.licence === null ? 'its licence is not known' : `licence: ${model.licence}`;
  return `${model.title}, imported into Pretext Lab ${lab} from ${model.source}; ${licence}.`;
}

/** Whether the network itself subtracts the mean and divides by the deviation of its training images. */
export function normalisesInside({ pipeline }: Pick<ExportSubject['model'], 'pipeline'>): boolean {
  return pipeline.blocks.some(({ type }) => type === 'image-normalisation');
}

function meaningOfInput(name: string, { model }: ExportSubject): string {
  switch (name) {
    case 'input_ids':
      if (model.facts.speech) return 'places of characters in the alphabet, from 1 on, padded with 0 at the end';
      return model.task.type === 'alignment'
        ? 'ids of tokens, padded at the end: the first sequences of all pairs, then the second ones'
        : 'ids of tokens, padded at the end';
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

function meaningOfTags(name: string): string {
  if (name === 'logits') {
    return 'at every position one number for each tag, before the softmax; a word has that of its first token';
  }
  if (name === 'transitions') return 'of the CRF: what it adds from the tag of a row to that of a column';
  return `of the CRF: what it adds for the ${name === 'start' ? 'first' : 'last'} tag`;
}

const meaningsOfAlignment: Readonly<Record<string, string>> = {
  pairScores: 'the score of each residue of the first sequence with each of the second',
  open: 'what the first residue of a gap adds to the score of an alignment',
  extend: 'what each further residue of a gap adds',
  matchScale: 'by what the score of a residue, against nothing aligned, is multiplied to tell related sequences',
  matchOffset: 'what is added to that; above 0 in sum, they are related',
};

function meaningOfOutput({ name, shape }: OnnxValueInfo, { model }: ExportSubject): string {
  if (name === 'last_hidden_state') return 'features at every position or place';
  if (name === 'pooler_output') return 'features of the whole input';
  if (name === 'seq_relationship_logits') return 'one number for each class, before the softmax';
  if (model.facts.targets) return 'one number for each target, in its unit';
  if (model.facts.labelSet) return 'the probability of each label, by itself';
  if (model.facts.tags) return meaningOfTags(name);
  if (model.facts.speech) return meaningsOfVoice[name] ?? name;
  const ofAlignment = meaningsOfAlignment[name];
  if (ofAlignment !== undefined) return ofAlignment;
  const isOfTokens = model.facts.input.kind === 'tokens' && shape.length === 3;
  if (isOfTokens) return 'at every position one number for each token of the vocabulary, before the softmax';
  if (shape.length === 3) return 'at every step one number for the blank and each character (CTC), before the softmax';
  return 'one number for each class, before the softmax';
}

/** What the network itself normalises with: it keeps that of the images that its weights first saw. */
export function imageStatisticsOf({
  model,
  weights,
}: ExportSource): { mean: number[]; standardDeviation: number[] } | undefined {
  const block = model.pipeline.blocks.find(({ type }) => type === 'image-normalisation');
  const state = (name: string): number[] | undefined => {
    const tensor = block && weights.get(`backbone/${block.id}/${name}`);
    return tensor && Array.from(tensor.data, Number);
  };
  const [mean, standardDeviation] = [state('mean'), state('deviation')];
  return mean && standardDeviation && { mean, standardDeviation };
}

function describePreprocessing(source: ExportSource): Record<string, unknown> {
  const { model, tokenizerFile } = source;
  const { facts } = model;
  const { input } = facts;
  switch (input.kind) {
    case 'tokens': {
      if (facts.speech) {
        const { alphabet, frames } = facts.speech;
        const { stepFrames } = source.task;
        return { kind: 'characters', alphabet, maximumLength: input.length, stepFrames, extraction: frames };
      }
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
        mean: null,
        standardDeviation: null,
        ...imageStatisticsOf(source),
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
