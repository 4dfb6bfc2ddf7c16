/** Engines' devices as one list, by their usual names: those that are there, and those that are not with the reason. */
import type { EngineStatus } from '../../../../shared/contract/workspace.ts';

type Device = EngineStatus['devices'][number];

interface NamedDevice extends Pick<
  Device,
  'description' | 'gigaflops' | 'stepMilliseconds' | 'gradientError' | 'problem'
> {
  readonly key: string;
  readonly engine: string;
  readonly version: string | null;
  /** Empty for an engine that cannot be loaded at all. */
  readonly name: string;
  readonly reason: string;
}

const engineNames: Readonly<Record<string, string>> = { onnxruntime: 'ONNX Runtime', tensorflow: 'TensorFlow' };
const deviceNames: Readonly<Record<string, string>> = {
  cpu: 'the processor',
  cuda: 'CUDA',
  webgpu: 'WebGPU',
  dml: 'DirectML',
  coreml: 'Core ML',
};

export function devicesOf(engines: readonly EngineStatus[]): {
  readonly available: readonly NamedDevice[];
  readonly absent: readonly NamedDevice[];
} {
  const all = engines.flatMap(({ engine, version, problem, devices }) => {
    const named = { engine: engineNames[engine] ?? engine, version };
    if (devices.length === 0 && problem !== null) {
      const nothing = { description: '', gigaflops: null, stepMilliseconds: null, gradientError: null, problem: null };
      return [{ ...named, ...nothing, key: engine, name: '', reason: problem, available: false }];
    }
    return devices.map(({ device, reason, ...rest }) => ({
      ...named,
      ...rest,
      key: `${engine} ${device}`,
      name: deviceNames[device] ?? device,
      reason: reason ?? rest.problem ?? 'not found',
    }));
  });
  return { available: all.filter(({ available }) => available), absent: all.filter(({ available }) => !available) };
}
