/** Normalisation: of batches, layers, instances and groups, and by norms and neighbours. */
import { LabError } from '../../../../shared/errors.ts';
import type { Value } from '../../../graph/index.ts';
import {
  absolute,
  add,
  averagePooling,
  channelAffine,
  constant,
  divide,
  elementCount,
  layerNormalization,
  multiply,
  power,
  reshape,
  rmsNormalization,
  scale,
  shift,
  sizeAt,
  sqrt,
  sum,
} from '../../../graph/index.ts';
import { scopePath } from '../../../graph/program.ts';
import { normaliseAxis } from '../../../graph/shape.ts';
import { normaliseBatch } from '../../image-layers.ts';
import type { Operator, Step } from '../step.ts';

const ones = (step: Step, count: number): Value => constant(step.program, new Float32Array(count).fill(1), [count]);

/** Keeps to its running statistics or follows the batches as our own batch normalisation does. */
const ofBatch: Operator = (step) => {
  const x = step.value(0);
  const [gain, bias, mean, variance] = [step.value(1), step.value(2), step.value(3), step.value(4)];
  const isState = ({ source }: Value): boolean => source.kind === 'parameter' && source.parameter.role === 'state';
  const context = isState(mean) && isState(variance) ? step.context : { ...step.context, mode: 'evaluation' as const };
  const path = gain.source.kind === 'parameter' ? gain.source.parameter.name : scopePath(step.program);
  const options = { momentum: step.float('momentum', 0.9), epsilon: step.float('epsilon', 1e-5), path };
  return normaliseBatch(x, { gain, bias, mean, variance }, context, options);
};

/** Over all axes from `axis` on, as one. */
const ofLayer: Operator = (step) => {
  const x = step.value(0);
  const axis = normaliseAxis(step.integer('axis', -1), x.shape.length);
  const features = elementCount(x.shape.slice(axis));
  const rows = reshape(x, [...x.shape.slice(0, axis), features]);
  const [gain, bias] = [reshape(step.value(1), [features]), step.inputs[2] && reshape(step.value(2), [features])];
  return reshape(layerNormalization(rows, gain, bias, step.float('epsilon', 1e-5)), x.shape);
};

/** Over all axes from `axis` on, without a mean. */
const ofRootMeanSquare: Operator = (step) => {
  const x = step.value(0);
  const axis = normaliseAxis(step.integer('axis', -1), x.shape.length);
  const features = elementCount(x.shape.slice(axis));
  const rows = reshape(x, [...x.shape.slice(0, axis), features]);
  return reshape(rmsNormalization(rows, reshape(step.value(1), [features]), step.float('epsilon', 1e-5)), x.shape);
};

/** Each of `groups` parts of the channels of each example has the mean 0 and the variance 1. */
function standardiseGroups(step: Step, x: Value, groups: number): Value {
  const features = elementCount(x.shape.slice(1)) / groups;
  if (!Number.isInteger(features)) {
    throw new LabError('bad-spec', `${sizeAt(x.shape, 1)} channels are not ${groups} groups`);
  }
  const rows = reshape(x, [sizeAt(x.shape, 0), groups, features]);
  return reshape(layerNormalization(rows, ones(step, features), undefined, step.float('epsilon', 1e-5)), x.shape);
}

const ofInstance: Operator = (step) => {
  const x = step.value(0);
  return channelAffine(standardiseGroups(step, x, sizeAt(x.shape, 1)), step.value(1), step.value(2));
};

/** Scale and bias have an element for each channel, in opset 18 for each group. */
const ofGroups: Operator = (step) => {
  const x = step.value(0);
  const groups = step.integer('num_groups', 1);
  const channels = sizeAt(x.shape, 1);
  const [factor, offset] = [1, 2].map((index) => {
    const given = step.value(index);
    if (sizeAt(given.shape, 0) === channels) return given;
    const spread = multiply(reshape(given, [groups, 1]), ones(step, channels / groups));
    return reshape(spread, [channels]);
  }) as [Value, Value]; // both were asked for
  return channelAffine(standardiseGroups(step, x, groups), factor, offset);
};

/** Divided by the norm along an axis. */
const byNorm: Operator = (step) => {
  const x = step.value(0);
  const axis = normaliseAxis(step.integer('axis', -1), x.shape.length);
  const isAbsolute = step.integer('p', 2) === 1;
  const norm = isAbsolute ? sum(absolute(x), [axis], true) : sqrt(sum(multiply(x, x), [axis], true));
  return divide(x, norm);
};

/** Local response normalisation (Krizhevsky et al. 2012): by the squares of neighbouring channels. */
const byNeighbours: Operator = (step) => {
  const x = step.value(0);
  const size = step.integer('size', 1);
  const [count, channels] = [sizeAt(x.shape, 0), sizeAt(x.shape, 1)];
  const before = Math.floor((size - 1) / 2);
  const columns = reshape(multiply(x, x), [count, 1, channels, elementCount(x.shape.slice(2))]);
  const means = averagePooling(columns, { window: [size, 1], stride: 1, padding: [before, 0, size - 1 - before, 0] });
  const divisor = shift(scale(reshape(means, x.shape), step.float('alpha', 1e-4)), step.float('bias', 1));
  return multiply(x, power(divisor, -step.float('beta', 0.75)));
};

const skipLayer: Operator = (step) => {
  const total = add(step.value(0), step.value(1));
  const x = step.inputs[4] ? add(total, step.value(4)) : total;
  const bias = step.inputs[3] && step.value(3);
  return [layerNormalization(x, step.value(2), bias, step.float('epsilon', 1e-12)), undefined, undefined, x];
};

export const normalisationOperators: Readonly<Record<string, Operator>> = {
  BatchNormalization: ofBatch,
  LayerNormalization: ofLayer,
  RMSNormalization: ofRootMeanSquare,
  SimplifiedLayerNormalization: ofRootMeanSquare,
  InstanceNormalization: ofInstance,
  GroupNormalization: ofGroups,
  LpNormalization: byNorm,
  LRN: byNeighbours,
  SkipLayerNormalization: skipLayer,
};
