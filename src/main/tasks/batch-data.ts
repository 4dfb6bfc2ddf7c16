/** What evaluations read of a batch: an output or a feed that is missing is a fault of the task, and named. */
import { LabError } from '../../shared/errors.ts';
import type { ConstantData } from '../graph/program.ts';
import type { Feeds, TensorData } from './task.ts';

/** Throws `LabError('internal')` where the program has no such output. */
export function outputData(outputs: TensorData, name: string): ConstantData {
  const tensor = outputs[name];
  if (!tensor) throw new LabError('internal', `the evaluation program has no output '${name}'`);
  return tensor.data;
}

/** Throws `LabError('internal')` where the batch has no such feed. */
export function feedData(feeds: Feeds, name: string): ConstantData {
  const data = feeds[name];
  if (!data) throw new LabError('internal', `the evaluation batch has no '${name}'`);
  return data;
}
