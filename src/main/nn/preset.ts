/** Presets: named pipelines with a few options. `resolvePipeline` turns what a spec says into a graph of blocks. */
import type { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import type { PipelineGraph, PipelineSpec } from '../../shared/spec/pipeline.ts';
import { pipelineGraph } from '../../shared/spec/pipeline.ts';
import { showProblems } from './block.ts';

export interface PresetDefinition<Options> {
  readonly name: string;
  readonly title: string;
  /** What it is and where it comes from. */
  readonly summary: string;
  readonly input: 'tokens' | 'image' | 'frames';
  readonly options: z.ZodType<Options>;
  /** Blocks may leave out what their own schema has defaults for. */
  graph(options: Options): z.input<typeof pipelineGraph>;
}

const registry = new Map<string, PresetDefinition<unknown>>();

/** Registers a preset. Names are unique. */
export function definePreset<Options>(preset: PresetDefinition<Options>): PresetDefinition<Options> {
  if (registry.has(preset.name)) throw new LabError('internal', `the preset ${preset.name} is defined twice`);
  // Options are parsed by the preset's own schema before they come back to it.
  registry.set(preset.name, preset);
  return preset;
}

export function registeredPresets(): readonly PresetDefinition<unknown>[] {
  return [...registry.values()];
}

/** The graph that a spec means. Throws `LabError('bad-spec')` for an unknown preset or option, and for the name of a model. */
export function resolvePipeline(spec: PipelineSpec): PipelineGraph {
  if ('model' in spec) {
    throw new LabError(
      'bad-spec',
      `the pipeline of the model '${spec.model}' is known only in the workspace that it was imported into`,
    );
  }
  if (!('preset' in spec)) return spec;
  const preset = registry.get(spec.preset);
  if (!preset) {
    throw new LabError(
      'bad-spec',
      `there is no pipeline '${spec.preset}'. Presets: ${[...registry.keys()].sort().join(', ')}`,
    );
  }
  const parsed = preset.options.safeParse(spec.options);
  if (!parsed.success) {
    throw new LabError(
      'bad-spec',
      `pipeline: ${spec.preset}: ${showProblems(preset.options, parsed.error, spec.options)}`,
    );
  }
  return pipelineGraph.parse(preset.graph(parsed.data));
}
