/** What a sweep trains: one experiment, and candidates that change some of its settings. `resources/recipes` holds them. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { LabError } from '../../src/shared/errors.ts';
import type { Experiment } from '../../src/shared/spec/experiment/index.ts';
import { nameSpec } from '../../src/shared/spec/experiment/v2.ts';
import { problemsOf } from '../../src/shared/spec/problems.ts';
import { badSpec, parseExperiment } from '../../src/main/runs/experiment.ts';
import type { SpecSource } from '../../src/main/runs/spec-file.ts';
import { withValues } from '../../src/main/runs/spec-file.ts';

const sweepSpec = z.strictObject({
  title: z.string().describe('Heading of the table'),
  notes: z.string().optional().describe('What is to be known about the figures'),
  metrics: z
    .array(z.string())
    .min(1)
    .describe('What candidates are compared by: the first of these validation metrics that a task has, less is better'),
  experiment: z.record(z.string(), z.unknown()).describe('What all candidates have in common'),
  candidates: z
    .array(
      z.strictObject({
        name: nameSpec,
        settings: z.record(z.string(), z.unknown()).default({}).describe('By dotted path, as with pretext run --set'),
        before: z
          .strictObject({
            share: z.number().gt(0).lt(1).describe('Of the budget'),
            settings: z.record(z.string(), z.unknown()).default({}).describe('Beside those of the candidate'),
          })
          .optional()
          .describe('A run that goes before, whose weights the candidate starts from'),
        notes: z.string().optional(),
      }),
    )
    .min(1),
});

export type SweepSpec = z.output<typeof sweepSpec>;
export type Candidate = SweepSpec['candidates'][number];

/** Throws `LabError('bad-spec')` listing every problem with its place. */
export function parseSweep(source: SpecSource): SweepSpec {
  const parsed = sweepSpec.safeParse(source.value);
  if (!parsed.success) throw badSpec(source, problemsOf(parsed.error, source.value, {}));
  const names = parsed.data.candidates.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new LabError('bad-spec', `Two candidates are called '${twice}'`);
  return parsed.data;
}

/** What a candidate trains first, as a candidate of its own; undefined where there is nothing. */
export function firstPart({ name, settings, before }: Candidate): Candidate | undefined {
  return before && { name: `${name}.before`, settings: { ...settings, ...before.settings } };
}

/** A number of steps, or seconds of training whose steps are found out by a short trial. */
export type Budget =
  { readonly kind: 'steps'; readonly amount: number } | { readonly kind: 'seconds'; readonly amount: number };

export function budgetName({ kind, amount }: Budget): string {
  if (kind === 'steps') return `${amount}-steps`;
  return amount % 60 === 0 ? `${amount / 60}-min` : `${amount}-s`;
}

/** The experiment of a cell: evaluated once, at the end, because rankings change until the rate has fallen. */
export function cellExperiment(
  sweep: SweepSpec,
  source: SpecSource,
  {
    candidate,
    name,
    steps,
    seed,
    from,
  }: { candidate: Candidate; name: string; steps: number; seed: number; from?: string | undefined },
): Experiment {
  const inner: SpecSource = { value: sweep.experiment, locate: (path) => source.locate(['experiment', ...path]) };
  const settings = {
    ...candidate.settings,
    ...(from !== undefined && { from: { run: from } }),
    name,
    seed,
    'training.steps': steps,
    'training.evaluateEvery': steps,
    'evaluation.test': false,
    'evaluation.baselines': false,
    'evaluation.inspect': false,
  };
  return parseExperiment(withValues(inner, settings));
}

/** Whether two experiments are the same when they are written down. */
export function isSame(a: unknown, b: unknown): boolean {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  return isDeepStrictEqual(plain(a), plain(b));
}
