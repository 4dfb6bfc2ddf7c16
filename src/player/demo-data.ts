/** What a demo page carries: the model as data, beside the code that runs it. Written by the lab, read by the page. */
import type { DemoForm } from '../shared/contract/demos.ts';
import type { PipelineGraph } from '../shared/spec/pipeline.ts';

/** The tensors lie one after the other, float32 and little-endian, in the block of weights. */
export interface DemoWeight {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface DemoData {
  readonly formatVersion: 1;
  readonly name: string;
  readonly form: DemoForm;
  /** As in an experiment, with its type. */
  readonly task: { readonly type: string } & Readonly<Record<string, unknown>>;
  readonly pipeline: PipelineGraph;
  /** `TaskFacts`: what the network reads, and its classes. */
  readonly facts: unknown;
  /** The text of a tokenizer.json; null where no text is read. */
  readonly tokenizer: string | null;
  readonly weights: readonly DemoWeight[];
  /** Something to begin with. */
  readonly examples: readonly { readonly text: string; readonly textPair: string | null }[];
  /** Where the weights are from, e.g. 'Run words-1a2b, step 400'. */
  readonly origin: string;
  readonly lab: string;
}

/** Ids of the elements that hold the data. */
export const demoElements = { model: 'model', weights: 'weights', binary: 'binary' } as const;
