/**
 * Fine-tuning: which weights of another run go where, and how fast each part of the network may learn.
 */
import { LabError } from '../../shared/errors.ts';
import type { TransferReport } from '../../shared/spec/run/transfer.ts';
import type { EngineState, ParameterGroup, Tensor } from '../engines/engine.ts';
import type { Parameter, Program, Shape } from '../graph/program.ts';
import { sameShape, showShape, sizeAt } from '../graph/shape.ts';
import { hiddenMatrices } from './hidden-matrices.ts';
import { isUnder, transferredPart } from './model.ts';

/** Learned positions, as the block token-embedding names them: a longer table serves a shorter input, row by row the same. */
const isPositionTable = (name: string): boolean => name.endsWith('/position');

/** Heads of pretext tasks, by name: that of an imported model goes on learning what it was trained for. */
export const pretextHeads: readonly string[] = ['head/masked-words', 'head/next-word', 'head/sentence-pair'];

/**
 * Finds for each parameter of the backbone its namesake in the source. Heads belong to a task and are not taken over, but for those
 * that came along with a model and are named.
 * Position tables that are too long are cropped; too short ones do not fit, because their further rows were never trained.
 */
export function matchParameters(
  program: Program,
  source: ReadonlyMap<string, Tensor>,
  heads: readonly string[] = [],
): { readonly parameters: ReadonlyMap<string, Tensor>; readonly report: TransferReport } {
  const parts = [transferredPart, ...heads];
  const parameters = new Map<string, Tensor>();
  const matched: TransferReport['matched'][number][] = [];
  const fresh: TransferReport['fresh'][number][] = [];
  const mismatched: TransferReport['mismatched'][number][] = [];
  for (const { name, shape } of program.parameters.values()) {
    const found = parts.some((part) => isUnder(name, part)) ? source.get(name) : undefined;
    if (!found) {
      fresh.push({ name, shape });
    } else if (sameShape(found.shape, shape)) {
      parameters.set(name, found);
      matched.push({ name, shape });
    } else if (isPositionTable(name) && canCrop(found.shape, shape)) {
      parameters.set(name, { shape, data: found.data.slice(0, sizeAt(shape, 0) * sizeAt(shape, 1)) });
      matched.push({ name, shape, found: found.shape });
    } else {
      mismatched.push({ name, shape, found: found.shape });
    }
  }
  const taken = new Set([...matched, ...mismatched].map(({ name }) => name));
  const unused = [...source].flatMap(([name, { shape }]) => (taken.has(name) ? [] : [{ name, shape }]));
  return { parameters, report: { matched, fresh, mismatched, unused } };
}

/**
 * Throws `LabError('bad-spec')` for a transfer that would not be one: nothing matched, or positions that the source never
 * learned.
 */
export function requireTransfer({ matched, mismatched }: TransferReport, source: string): void {
  const positions = mismatched.find(({ name }) => isPositionTable(name));
  if (positions) {
    const known = sizeAt(positions.found, 0);
    throw new LabError(
      'bad-spec',
      `${source} knows ${known} positions of ${sizeAt(positions.found, -1)} features and this pipeline asks for ${showShape(positions.shape)}: set maximumLength to ${known} or less, and the sizes as they were there`,
      { name: positions.name, shape: positions.shape, found: positions.found },
    );
  }
  if (matched.length === 0) {
    const [first] = mismatched;
    const detail = first ? ` ${first.name} is ${showShape(first.found)} there and ${showShape(first.shape)} here.` : '';
    throw new LabError(
      'bad-spec',
      `No weight of ${source} fits this pipeline.${detail} Use the pipeline that it was trained with.`,
    );
  }
}

function canCrop(found: Shape, wanted: Shape): boolean {
  return (
    found.length === 2 &&
    wanted.length === 2 &&
    sizeAt(found, 1) === sizeAt(wanted, 1) &&
    sizeAt(found, 0) > sizeAt(wanted, 0)
  );
}

export interface LearningRateScales {
  /** The rate of a layer group relative to the one above it. */
  readonly layerwiseLearningRateDecay: number;
  readonly headScale: number;
  /**
   * Gradual unfreezing (Howard & Ruder 2018): the head is trained alone at first, and after every so many updates the next group
   * joins, from the top down. Left out, all are trained from the beginning.
   */
  readonly unfreezeEvery?: number | undefined;
}

/**
 * Layer-wise rates: the groups of the backbone are its blocks, and each `layer.n` of a block, in the order in which the
 * network is built, so the embedding is the lowest. The topmost group has the rate × layerwiseLearningRateDecay, the next one × layerwiseLearningRateDecay²
 * and so on (Howard & Ruder 2018, with layerwiseLearningRateDecay = 1/2.6; Clark et al. 2020); heads have the rate × headScale.
 */
export function parameterGroups(
  program: Program,
  { layerwiseLearningRateDecay, headScale, unfreezeEvery }: LearningRateScales,
): (parameter: Parameter) => ParameterGroup {
  const groups = layerGroups(program);
  const matrices = hiddenMatrices(program);
  const depthBelowHead = new Map(groups.map((group, index) => [group, groups.length - index]));
  return ({ name, decay }) => {
    const group = layerGroup(name);
    const depth = group === undefined ? undefined : depthBelowHead.get(group);
    const matrix = matrices.get(name);
    return {
      learningRateScale: depth === undefined ? headScale : layerwiseLearningRateDecay ** depth,
      decay,
      ...(matrix && { matrix }),
      ...(unfreezeEvery !== undefined && { startsAt: (depth ?? 0) * unfreezeEvery }),
    };
  };
}

/** From the bottom to the top. */
export function layerGroups(program: Program): readonly string[] {
  const found = [...program.parameters.keys()].map(layerGroup).filter((group) => group !== undefined);
  return [...new Set(found)];
}

/** `backbone/encoder/layer.3` of `backbone/encoder/layer.3/attention/…`; undefined outside the backbone. */
function layerGroup(name: string): string | undefined {
  return /^backbone\/[^/]+(\/layer\.\d+(?=\/))?/.exec(name)?.[0];
}

/** The state to begin with: the drawn weights, overwritten by those that were taken over. */
export function startingState(
  initial: ReadonlyMap<string, Tensor>,
  transferred: ReadonlyMap<string, Tensor> = new Map(),
): Partial<EngineState> {
  return { parameters: new Map([...initial, ...transferred]), updates: 0 };
}
