/** What is wrong with the fields and numbers of a sweep, each with its place and what to do. */
import { formatCount } from '../../shared/display.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import type { SpecProblem } from '../../shared/spec/problems.ts';
import type { SweepOptions, SweptField } from '../../shared/spec/sweep.ts';
import { mostTrials } from '../../shared/spec/sweep.ts';
import type { Domain } from '../../shared/sweep/draw-trials.ts';
import { countValues } from '../../shared/sweep/draw-trials.ts';
import { findTask } from '../tasks/index.ts';

/** Fields that would make trials incomparable, or that trials have of their own. */
const kept: readonly (readonly [field: RegExp, reason: string])[] = [
  [/^(name|notes|version|\$schema)$/, 'trials are named by the sweep'],
  [/^(sweep|tune)\b/, 'what is tried stands in this list itself'],
  [
    /^(data|splitSeed|task\.validationFraction|task\.testFraction)$/,
    'trials are compared on the same validation examples',
  ],
  [/^(task|task\.type|method)$/, 'trials are compared by a metric of one task and method'],
  [/^evaluation\b/, 'trials are evaluated alike, on validation data alone'],
];

export function checkOptions(options: SweepOptions, base: Experiment): SpecProblem[] {
  const { fields, method, trials, rungs, reductionFactor, metric } = options;
  const paths = Object.keys(fields);
  const { metrics } = findTask(base.task.type);
  const at = (...path: string[]): readonly string[] => ['sweep', ...path];
  const isHalving = method === 'halving';
  return [
    ...(paths.length === 0 ? [{ path: at('fields'), message: 'name at least one setting to try' }] : []),
    ...Object.entries(fields).flatMap(([path, field]) =>
      fieldProblems(path, field, options, paths).map((message) => ({ path: at('fields', path), message })),
    ),
    ...(method === 'grid' && trials !== undefined
      ? [{ path: at('trials'), message: 'a grid tries all combinations. Leave trials out, or take method: random' }]
      : []),
    ...(!isHalving && (rungs ?? reductionFactor) !== undefined
      ? [
          {
            path: at(rungs ? 'rungs' : 'reductionFactor'),
            message: `belongs to method: halving, not to ${method}. Take that method, or leave it out`,
          },
        ]
      : []),
    ...(rungs?.some((steps, index) => index > 0 && steps <= (rungs[index - 1] ?? 0))
      ? [{ path: at('rungs'), message: `steps should grow from rung to rung, not ${rungs.join(', ')}` }]
      : []),
    ...(isHalving && !rungs && base.training.steps === undefined
      ? [{ path: at('rungs'), message: 'is missing: the experiment says no steps. Give rungs, e.g. [100, 300, 900]' }]
      : []),
    ...(metric !== undefined && !metrics.some((known) => known === metric)
      ? [{ path: at('metric'), message: `the task has no metric '${metric}'. It has: ${metrics.join(', ')}` }]
      : []),
    ...(base.tune ? [{ path: ['tune'], message: 'a sweep tries settings itself: leave tune out' }] : []),
    ...(base.method !== undefined && base.method !== 'training'
      ? [
          {
            path: ['method'],
            message: `a sweep compares trainings, and ${base.method} trains nothing. Leave method out`,
          },
        ]
      : []),
  ];
}

function fieldProblems(
  path: string,
  field: SweptField,
  { method }: SweepOptions,
  paths: readonly string[],
): readonly string[] {
  const reason = kept.find(([pattern]) => pattern.test(path))?.[1];
  if (reason !== undefined) return [`cannot be swept: ${reason}`];
  const outer = paths.find((other) => path.startsWith(`${other}.`));
  if (outer !== undefined) return [`lies within ${outer}, which is swept, too. Take one of them`];
  if (method === 'halving' && /^training(\.(steps|epochs))?$/.test(path)) {
    return ['cannot be swept with halving: its rungs say how long trials are'];
  }
  if (Array.isArray(field)) {
    const texts = field.map((value) => JSON.stringify(value));
    const twice = texts.find((text, index) => texts.indexOf(text) < index);
    return twice === undefined ? [] : [`has ${twice} twice`];
  }
  const { from, to, scale, points } = field;
  return [
    ...(from >= to ? [`from should be below to, not ${from} and ${to}`] : []),
    ...(scale === 'log' && from <= 0 ? [`a logarithmic range begins above 0, not at ${from}`] : []),
    ...(method === 'grid' && points === undefined
      ? ['a range in a grid needs points, the number of values, or write the values as a list']
      : []),
    ...(method !== 'grid' && points !== undefined
      ? [`points belong to method: grid, and ${method} draws from the whole range. Leave them out`]
      : []),
  ];
}

/** What a sweep would try. */
export interface TrialCount {
  readonly method: SweepOptions['method'];
  readonly trials: number;
  readonly rungs: number;
  readonly factor: number;
}

/** Whether there are as many combinations as are wanted, and not more than a sweep may have. */
export function checkTrialCount(
  { method, trials, rungs, factor }: TrialCount,
  domains: readonly Domain[],
): SpecProblem | undefined {
  const counts = domains.map(countValues);
  const possible = counts.reduce((all, count) => all * count, 1);
  if (method === 'grid') {
    if (possible <= mostTrials) return undefined;
    return {
      path: ['sweep', 'fields'],
      message: `${counts.join(' × ')} = ${formatCount(possible)} combinations, and a sweep has at most ${formatCount(mostTrials)}. Name fewer values, or take method: random with trials`,
    };
  }
  const path = ['sweep', 'trials'];
  if (trials > possible) {
    return {
      path,
      message: `there are only ${formatCount(possible)} combinations for ${formatCount(trials)} trials. Take method: grid, or trials: ${possible}`,
    };
  }
  const fewest = factor ** (rungs - 1);
  if (method === 'halving' && trials < fewest) {
    return {
      path,
      message: `${rungs} rungs with one trial in ${factor} going on need at least ${formatCount(fewest)} trials, not ${formatCount(trials)}`,
    };
  }
  return undefined;
}
