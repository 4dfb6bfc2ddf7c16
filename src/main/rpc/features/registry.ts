/** Blocks, presets and tasks as data. */
import { z } from 'zod';
import type { port, registryContract as contract } from '../../../shared/contract/registry.ts';
import { pipelineGraph } from '../../../shared/spec/pipeline.ts';
import { registeredBlocks, registeredPresets } from '../../nn/index.ts';
import { registeredTasks } from '../../tasks/index.ts';
import type { HandlersOf } from '../dispatcher.ts';

export function registryHandlers(): HandlersOf<typeof contract> {
  return {
    blocks: () =>
      registeredBlocks().map(({ type, family, title, summary, options, inputs, outputs }) => ({
        type,
        family,
        title,
        summary,
        ...describeOptions(options),
        inputs: inputs.map(portOf),
        outputs: outputs.map(portOf),
      })),
    presets: () =>
      registeredPresets().map((preset) => {
        const { name, title, summary, input, options } = preset;
        const described = describeOptions(options);
        return {
          name,
          title,
          summary,
          input,
          ...described,
          graph: pipelineGraph.parse(preset.graph(options.parse(described.defaults))),
        };
      }),
    tasks: () =>
      registeredTasks().map(({ type, title, summary, kind, data, options, metrics, selection, predict }) => ({
        type,
        title,
        summary,
        kind,
        data: [...data],
        ...describeOptions(options),
        metrics: [...metrics],
        selection,
        predicts: predict !== undefined,
      })),
    inputs: () => ({
      tokens: [
        { name: 'tokens', summary: 'Token ids', axes: ['batch', 'length'], optional: false },
        {
          name: 'segments',
          summary: '0 in the first text, 1 in the second',
          axes: ['batch', 'length'],
          optional: false,
        },
        { name: 'mask', summary: '1 at real tokens, 0 at padding', axes: ['batch', 'length'], optional: false },
      ],
      image: [{ name: 'image', summary: 'Pixels', axes: ['batch', 'channels', 'height', 'width'], optional: false }],
      frames: [
        {
          name: 'frames',
          summary: 'A feature vector for each moment',
          axes: ['batch', 'length', 'features'],
          optional: false,
        },
        { name: 'mask', summary: '1 at real frames, 0 at padding', axes: ['batch', 'length'], optional: false },
      ],
    }),
  };
}

function portOf({
  name,
  summary,
  axes,
  optional = false,
}: {
  readonly name: string;
  readonly summary: string;
  readonly axes: readonly string[];
  readonly optional?: boolean;
}): z.infer<typeof port> {
  return { name, summary, axes: [...axes], optional };
}

/** Options as a form needs them. Members without a default, which a person has to give, are missing among the defaults. */
function describeOptions(options: z.ZodType): { options: Record<string, unknown>; defaults: Record<string, unknown> } {
  const { $schema: _standard, ...schema } = z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' });
  const defaults = Object.fromEntries(
    Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
      typeof property === 'object' && property.default !== undefined ? [[name, property.default]] : [],
    ),
  );
  return { options: schema, defaults };
}
