/** Muon's products as a session of their own beside the training program: all hidden matrices in one call. */
import { Tensor as OrtTensor } from 'onnxruntime-node';
import { LabError, messageOf } from '../../../shared/errors.ts';
import type { OnnxGraph } from '../../graph/onnx.ts';
import { lowerToOnnx } from '../../graph/onnx.ts';
import type { Orthogonalise, ParameterStore, ScratchRequest } from '../host/parameter-store.ts';
import type { MatrixFactor } from '../orthogonalise.ts';
import { orthogonalisationProgram } from '../orthogonalise.ts';
import type { CompiledGraph } from './sessions.ts';

export interface Orthogonaliser {
  /** Where the results are written before they take the gradients' place, which the session still reads. */
  readonly scratch: readonly ScratchRequest[];
  readonly run: Orthogonalise;
  release(): Promise<void>;
}

/** Undefined where nothing is to be orthogonalised. */
export async function createOrthogonaliser(
  { matrices, iterations }: { readonly matrices: ReadonlyMap<string, MatrixFactor>; readonly iterations: number },
  createSession: (graph: OnnxGraph) => Promise<CompiledGraph>,
): Promise<Orthogonaliser | undefined> {
  if (matrices.size === 0) return undefined;
  const program = orthogonalisationProgram(matrices, iterations);
  const outputs = new Map([...program.outputs].map(([name, value]) => [resultOf(name), value]));
  const session = await createSession(lowerToOnnx(program, outputs));
  let tensors: { readonly store: ParameterStore; readonly feeds: Tensors; readonly fetches: Tensors } | undefined;

  function tensorsOf(store: ParameterStore): NonNullable<typeof tensors> {
    const feeds: Tensors = {};
    const fetches: Tensors = {};
    for (const [name, { rows, columns }] of matrices) {
      feeds[name] = new OrtTensor('float32', store.gradient({ name }), [rows, columns]);
      fetches[resultOf(name)] = new OrtTensor('float32', store.scratch(resultOf(name)).float32, [rows, columns]);
    }
    return { store, feeds, fetches };
  }

  return {
    scratch: [...matrices].map(([name, { rows, columns }]) => ({ key: resultOf(name), elements: rows * columns })),
    async run(store) {
      tensors ??= tensorsOf(store);
      try {
        await session.run(tensors.feeds, tensors.fetches);
      } catch (error) {
        throw new LabError('engine-failed', `ONNX Runtime failed in ${program.name}: ${messageOf(error)}`, {}, error);
      }
      for (const name of matrices.keys()) store.gradient({ name }).set(store.scratch(resultOf(name)).float32);
    },
    release: () => session.release(),
  };
}

type Tensors = Record<string, OrtTensor>;

const resultOf = (name: string): string => `orthogonal:${name}`;
