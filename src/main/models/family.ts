/**
 * What a family of models is: networks of others that are built alike, such as BERT's or torchvision's ResNets. A family looks at
 * the names of files, at config.json and at the names and shapes of tensors, and turns what it knows into a pipeline of ordinary
 * blocks with weights of the lab's names. Adding a family is one file with a `defineModelFamily`, named in `families/index.ts`.
 */
import { LabError } from '../../shared/errors.ts';
import type { ImagePreprocessing, ModelHead } from '../../shared/spec/manifests/model.ts';
import type { ModelSettings } from '../../shared/spec/model-settings.ts';
import type { PipelineGraph } from '../../shared/spec/pipeline.ts';
import type { LazyTensor } from '../formats/safetensors.ts';
import type { BlockPart, PipelineInput } from '../nn/index.ts';
import type { ModelSource } from './source.ts';

/** What a person sees of a model before it is imported. */
export interface Recognition {
  /** E.g. 'BERT, 6 layers of 384 features'. */
  readonly title: string;
  /** Further facts, e.g. ['heads', 'masked words']. */
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** A model in the lab's terms. Weights are read when their turn comes, so that a large model needs little memory. */
export interface ReadModel {
  readonly title: string;
  readonly pipeline: PipelineGraph;
  readonly input: PipelineInput;
  /** Under `backbone/` those of the pipeline, under `head/` those of the heads, as the tasks name them; every one of them once. */
  readonly weights: ReadonlyMap<string, LazyTensor>;
  readonly heads: readonly ModelHead[];
  /** The text of a tokenizer.json. */
  readonly tokenizer?: string | undefined;
  readonly preprocessing?: ImagePreprocessing | undefined;
  readonly notes: readonly string[];
}

export interface ModelFamily {
  /** As written in manifests, e.g. `bert`. */
  readonly name: string;
  readonly title: string;
  /** own: a network of this lab, of whatever kind. */
  readonly kind: 'text' | 'image' | 'graph' | 'own';
  /**
   * Looks at the source without reading weights. Undefined for a model of another family. Throws `LabError('bad-input')` for one of
   * this family that the lab cannot compute, naming the field and what is known.
   */
  recognise(source: ModelSource): Promise<Recognition | undefined>;
  /** Throws `LabError('bad-input' | 'corrupt')` naming the file and the tensor that is missing or has another shape. */
  read(source: ModelSource, settings?: ModelSettings): Promise<ReadModel>;
  /** Of a network that is one block: the steps that the head can be put on. Throws `LabError` for a file that cannot be read. */
  layers?(source: ModelSource): Promise<ModelLayers>;
}

/** What a network computes step by step, as far as it can be read. */
export interface ModelLayers {
  /** The one that is taken where nobody says otherwise. */
  readonly suggested: string;
  readonly parts: readonly BlockPart[];
}

const registry = new Map<string, ModelFamily>();

/** Registers a family. Names are unique. */
export function defineModelFamily(family: ModelFamily): ModelFamily {
  if (registry.has(family.name)) throw new LabError('internal', `the model family ${family.name} is defined twice`);
  registry.set(family.name, family);
  return family;
}

export function registeredFamilies(): readonly ModelFamily[] {
  return [...registry.values()];
}
