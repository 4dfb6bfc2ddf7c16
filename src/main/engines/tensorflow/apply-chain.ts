/** Carries out the chain of one parameter in tensors: what `host/apply-chain.ts` does with the host's kernels. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { LabError } from '../../../shared/errors.ts';
import type { TensorFlow } from '../../graph/op.ts';
import type { UpdateFactors } from '../host/apply-chain.ts';
import type { Chain } from '../optimizer.ts';
import { momentCount } from '../optimizer.ts';
import type { MatrixFactor } from '../orthogonalise.ts';
import { orthogonalisationProgram } from '../orthogonalise.ts';
import { createInterpreter } from './interpreter.ts';

/** The weights and their moments after the update, within the caller's `tf.tidy`. */
export function applyChain(
  tf: TensorFlow,
  chain: Chain,
  place: { readonly weights: Tensor; readonly gradient: Tensor; readonly moments: readonly Tensor[] },
  factors: UpdateFactors & { readonly matrix: MatrixFactor | undefined },
): Tensor[] {
  const { learningRate, gradientScale, update, decay, matrix } = factors;
  const moments: Tensor[] = [];
  const before = [...place.moments];
  let step = tf.mul(place.gradient, gradientScale);
  for (const transform of chain) {
    const [first, second] = before.splice(0, momentCount(transform));
    switch (transform.type) {
      case 'momentum': {
        if (!first) throw new LabError('internal', 'momentum keeps a moment');
        const m = tf.add(tf.mul(first, transform.decay), step);
        moments.push(m);
        step = transform.nesterov ? tf.add(step, tf.mul(m, transform.decay)) : m;
        break;
      }
      case 'adam': {
        if (!first || !second) throw new LabError('internal', 'Adam keeps two moments');
        const { beta1, beta2, epsilon } = transform;
        const m = tf.add(tf.mul(first, beta1), tf.mul(step, 1 - beta1));
        const v = tf.add(tf.mul(second, beta2), tf.mul(tf.square(step), 1 - beta2));
        moments.push(m, v);
        const deviation = tf.add(tf.sqrt(tf.div(v, 1 - beta2 ** update)), epsilon);
        step = tf.div(tf.div(m, 1 - beta1 ** update), deviation);
        break;
      }
      case 'orthogonalise':
        if (matrix) step = orthogonalise(tf, step, matrix, transform.iterations);
        break;
      case 'decay':
        if (decay) step = tf.add(step, tf.mul(place.weights, transform.rate));
        break;
      case 'scale':
        step = tf.mul(step, transform.factor);
        break;
    }
  }
  return [tf.sub(place.weights, tf.mul(step, learningRate)), ...moments];
}

const name = 'update';

function orthogonalise(tf: TensorFlow, update: Tensor, matrix: MatrixFactor, iterations: number): Tensor {
  const program = orthogonalisationProgram(new Map([[name, matrix]]), iterations);
  const [given, wanted] = [program.inputs.get(name), program.outputs.get(name)];
  if (!given || !wanted) throw new LabError('internal', 'the program was made for this matrix');
  const interpreter = createInterpreter(tf, program);
  const results = interpreter.run(new Map([[given.id, tf.reshape(update, [matrix.rows, matrix.columns])]]), [wanted]);
  interpreter.release();
  const result = results.get(wanted.id);
  if (!result) throw new LabError('internal', 'the program has this output');
  return tf.reshape(result, update.shape);
}
