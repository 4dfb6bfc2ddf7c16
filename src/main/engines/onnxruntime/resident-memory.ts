/**
 * Tensors of ONNX Runtime between two calls. On a device they are outputs of sessions that were told to leave them there: a session
 * that copies is the only way to it and back (reading one directly ends the process, as of 1.30), and they last as long as the
 * session that made them.
 */
import { Tensor as OrtTensor } from 'onnxruntime-node';
import type { OnnxGraph } from '../../graph/onnx.ts';
import type { TensorMemory } from '../resident/state.ts';
import type { CompiledGraph } from './sessions.ts';

/** Where a device keeps tensors between two calls. */
export type ResidentLocation = 'gpu-buffer' | 'cpu';

/** Opens a session whose named outputs stay on the device. */
export type OpenResident = (graph: OnnxGraph, resident: readonly string[]) => Promise<CompiledGraph>;

/** Bytes that went over the bus. */
export interface Traffic {
  toDevice: number;
  fromDevice: number;
}

export interface ResidentMemory extends TensorMemory<OrtTensor> {
  readonly location: ResidentLocation;
  readonly traffic: Traffic;
  /** After all tensors have been freed. */
  release(): Promise<void>;
}

type Tensors = Record<string, OrtTensor>;

export function createResidentMemory(location: ResidentLocation, open: OpenResident): ResidentMemory {
  const traffic: Traffic = { toDevice: 0, fromDevice: 0 };
  const copiers = new Map<string, Promise<CompiledGraph>>();
  const isOnDevice = (tensor: OrtTensor): boolean => location === 'cpu' || tensor.location === location;

  async function copy(tensors: ReadonlyMap<string, OrtTensor>, stays: boolean): Promise<Tensors> {
    const key = JSON.stringify([stays, [...tensors].map(([name, { dims }]) => [name, dims])]);
    const graph = copyGraph(tensors);
    const copier = copiers.get(key) ?? open(graph, stays ? graph.outputs.map(({ name }) => name) : []);
    copiers.set(key, copier);
    copier.catch(() => copiers.delete(key));
    return (await copier).run(Object.fromEntries(tensors));
  }

  return {
    location,
    traffic,
    isOnDevice,
    hold: (data, shape) => new OrtTensor('float32', data, [...shape]),
    async read(tensors) {
      const here = [...tensors].filter(([, tensor]) => tensor.location === 'cpu');
      const there = new Map([...tensors].filter(([, tensor]) => tensor.location !== 'cpu'));
      const copies = there.size === 0 ? {} : await copy(there, false);
      traffic.fromDevice += bytesInProcess(Object.values(copies));
      return new Map([
        ...here.map(([key, { data }]) => [key, (data as Float32Array).slice()] as const), // states are float32
        ...[...there.keys()].map((key) => [key, copies[copyOf(key)]!.data as Float32Array] as const),
      ]);
    },
    async settle(tensors) {
      const copies = await copy(tensors, true);
      traffic.toDevice += bytesInProcess([...tensors.values()]);
      return new Map([...tensors.keys()].map((key) => [key, copies[copyOf(key)]!])); // each has its copy
    },
    free(tensor) {
      tensor.dispose();
    },
    async release() {
      for (const copier of copiers.values()) await (await copier).release();
      copiers.clear();
    },
  };
}

const bytesOf = { float32: 4, int32: 4, uint8: 1, bool: 1 } as const;

/** Of those that are not on the device. */
export function bytesInProcess(tensors: readonly OrtTensor[]): number {
  return tensors
    .filter(({ location }) => location === 'cpu')
    .reduce((sum, { size, type }) => sum + size * bytesOf[type as keyof typeof bytesOf], 0); // programs have no other types
}

const copyOf = (key: string): string => `copy:${key}`;

function copyGraph(tensors: ReadonlyMap<string, OrtTensor>): OnnxGraph {
  const info = (name: string, { dims }: OrtTensor) => ({ name, type: 'float32', shape: dims }) as const;
  return {
    name: 'copy',
    nodes: [...tensors.keys()].map((key) => ({
      opType: 'Identity',
      domain: '',
      name: copyOf(key),
      inputs: [key],
      outputs: [copyOf(key)],
      attributes: {},
    })),
    initialisers: [],
    inputs: [...tensors].map(([key, tensor]) => info(key, tensor)),
    outputs: [...tensors].map(([key, tensor]) => info(copyOf(key), tensor)),
  };
}
