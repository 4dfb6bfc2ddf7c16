/**
 * How far errors reach back in time: ‖∂L/∂h_t‖ for every step t of every recurrent layer, which shows gradients that vanish
 * or explode (Hochreiter 1991; Bengio, Simard, Frasconi 1994).
 */
import { LabError } from '../../shared/errors.ts';
import type { CompileOptions, Engine, Executable, Feeds } from '../engines/engine.ts';
import type { Program } from '../graph/index.ts';
import { multiply, output, recurrentStateGradients, sqrt, sum } from '../graph/index.ts';
import type { Model } from './model.ts';
import { buildModel } from './model.ts';

/** The norms of one layer in one direction, from the first step to the last. */
export interface LayerFlow {
  /** E.g. `recurrent/layer.0/forward`. */
  readonly layer: string;
  readonly norms: readonly number[];
}

const prefix = 'gradient-flow:';

/** The training program with the norms as its outputs. Throws `LabError('bad-spec')` for a network without a recurrence. */
export function gradientFlowProgram(model: Model, batchSize: number, freeze: readonly string[]): Program {
  const program = buildModel(model, 'training', batchSize, freeze);
  const gradients = recurrentStateGradients(program.nodes);
  if (gradients.size === 0) {
    throw new LabError(
      'bad-spec',
      'training.gradientFlow: the pipeline has no recurrent layer that is trained. Leave it out, or choose a pipeline with one',
    );
  }
  for (const [path, gradient] of gradients) {
    const norms = sqrt(sum(multiply(gradient, gradient), [0, 2]));
    output(program, `${prefix}${path.replace(/^backbone\//, '')}`, norms);
  }
  program.gradients = []; // nothing is updated: what only an update needs is dead code
  program.assignments.clear();
  return program;
}

/** Measures one batch; holds an executable of its own until it is disposed of. */
export interface FlowMeter extends AsyncDisposable {
  measure(feeds: Feeds): Promise<readonly LayerFlow[]>;
}

/** Reads the weights of `trainer` where they are. */
export async function compileGradientFlow(
  engine: Engine,
  program: Program,
  trainer: Executable,
  place: Pick<CompileOptions, 'device' | 'threads'>,
): Promise<FlowMeter> {
  const executable = await engine.compile(program, { ...place, shareStateWith: trainer });
  return {
    async measure(feeds) {
      const outputs = await executable.run(feeds);
      return Object.entries(outputs).flatMap(([name, { data }]) =>
        name.startsWith(prefix) ? [{ layer: name.slice(prefix.length), norms: Array.from(data) }] : [],
      );
    },
    [Symbol.asyncDispose]: () => executable.release(),
  };
}
