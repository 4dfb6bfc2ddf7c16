/** Which nodes of a graph a device leaves to the processor: each costs a way over the bus and back at every step. */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { z } from 'zod';
import type { OnnxGraph } from '../../graph/onnx.ts';
import { elementCount } from '../../graph/shape.ts';
import { writeOnnx } from '../../formats/onnx/write.ts';

export interface FallbackNode {
  /** With the block that made it. */
  readonly name: string;
  readonly opType: string;
}

const profile = z.array(
  z.object({
    cat: z.string().optional(),
    name: z.string(),
    args: z.object({ provider: z.string().optional(), op_name: z.string().optional() }).optional(),
  }),
);
/** What ONNX Runtime's profile adds to the name of a node. */
const kernelTime = '_kernel_time';

/** Runs the graph once on inputs of zeros, with a profile. Throws what ONNX Runtime does. */
export async function fallbackNodes(
  graph: OnnxGraph,
  options: InferenceSession.SessionOptions,
): Promise<readonly FallbackNode[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pretext-profile-'));
  try {
    const session = await InferenceSession.create(writeOnnx(graph), {
      ...options,
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
    });
    const feeds = graph.inputs.map(({ name, type, shape }) => {
      const sizes = shape.map(Number); // programs have no symbolic sizes
      const count = elementCount(sizes);
      const data =
        type === 'float32' ? new Float32Array(count) : type === 'int32' ? new Int32Array(count) : new Uint8Array(count);
      return [name, new OrtTensor(type as 'float32', data as Float32Array, sizes)] as const; // the type that its data has
    });
    try {
      await session.run(Object.fromEntries(feeds));
      session.endProfiling();
    } finally {
      await session.release();
    }
    const [file] = await readdir(folder);
    const events = profile.parse(JSON.parse(await readFile(join(folder, file ?? ''), 'utf8')));
    return events
      .filter(
        ({ cat, name, args }) =>
          cat === 'Node' && name.endsWith(kernelTime) && args?.provider === 'CPUExecutionProvider',
      )
      .map(({ name, args }) => ({ name: name.slice(0, -kernelTime.length), opType: args?.op_name ?? '' }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
