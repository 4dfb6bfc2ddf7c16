/** Blocks, presets and tasks as data. */
import type { z } from 'zod';
import type { port, registryContract as contract } from '../../../shared/contract/registry.ts';
import { pipelineGraph } from '../../../shared/spec/pipeline.ts';
import { registeredBlocks, registeredPresets } from '../../nn/index.ts';
import { describeForm, taskInformation } from '../../runs/task-information.ts';
import type { HandlersOf } from '../dispatcher.ts';

export function registryHandlers(): HandlersOf<typeof contract> {
  return {
    blocks: () =>
      registeredBlocks().map(({ type, family, title, summary, options, inputs, outputs }) => ({
        type,
        family,
        title,
        summary,
        ...describeForm(options),
        inputs: inputs.map(portOf),
        outputs: outputs.map(portOf),
      })),
    presets: () =>
      registeredPresets().map((preset) => {
        const { name, title, summary, input, options } = preset;
        const described = describeForm(options);
        return {
          name,
          title,
          summary,
          input,
          ...described,
          graph: pipelineGraph.parse(preset.graph(options.parse(described.defaults))),
        };
      }),
    tasks: () => [...taskInformation()],
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
