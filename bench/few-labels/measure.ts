/**
 * The table of a labelled set: what every pretraining is worth with few labels, beside untrained features, training from scratch
 * and the best method without a network. It is one study, so that every arm has the same test examples and is tuned on
 * validation data alone; runs that are finished are not done again.
 */
import { LabError } from '../../src/shared/errors.ts';
import type { StudyResult } from '../../src/shared/spec/study.ts';
import type { SpecSource } from '../../src/main/runs/spec-file.ts';
import { parseStudy } from '../../src/main/runs/study-plan.ts';
import { runStudy } from '../../src/main/runs/study.ts';
import type { LabelledSet, Pretraining, SpecPart } from './labelled-set.ts';
import type { Budget, Pretrained, PretrainOptions } from './pretrain.ts';
import { pretrain, slug } from './pretrain.ts';

export interface Row {
  readonly arm: string;
  /** How it was pretrained, and for how long. */
  readonly title: string;
  /** What is done with the labels. */
  readonly use: string;
  readonly pretrained: Pretrained | undefined;
}

export interface MeasuredSet {
  readonly set: LabelledSet;
  readonly rows: readonly Row[];
  readonly study: StudyResult;
}

interface Arm {
  readonly row: Row;
  readonly spec: SpecPart;
}

const frozen = 'features + logistic regression';

/** Throws `LabError('aborted')` when it was stopped; the same call goes on there. */
export async function measureSet(
  set: LabelledSet,
  budgets: readonly Budget[],
  seeds: readonly number[],
  options: PretrainOptions,
): Promise<MeasuredSet> {
  const { workspace, signal, progress } = options;
  await set.prepare(workspace, signal);
  const arms: Arm[] = [];
  for (const one of set.pretrainings) {
    for (const [index, budget] of budgets.entries()) {
      const pretrained = await pretrain(set, one, budget, options);
      arms.push(frozenArm(one, budget, pretrained));
      if (index === budgets.length - 1) arms.push(fineTunedArm(one, budget, pretrained));
    }
  }
  const rest: readonly [string, string, string, SpecPart][] = [
    ['untrained', 'Untrained network', frozen, { method: 'frozen-features' }],
    ['baseline', 'Without a network', 'best of the classical methods', { method: 'baseline' }],
    ['scratch', 'From scratch', 'trained', {}],
  ];
  arms.push(
    ...rest.map(([arm, title, use, spec]) => ({
      row: { arm, title, use, pretrained: undefined },
      spec: { name: arm, ...spec },
    })),
  );
  const value = {
    version: 2,
    name: `few-labels.${set.name}`,
    experiment: set.supervised,
    arms: arms.map(({ spec }) => spec),
    conditions: set.budgets.map((count) => ({
      name: `${count}-labels-a-class`,
      settings: { [`task.${set.budgetOption}`]: count },
    })),
    seeds,
    tune: set.tune,
    metric: 'accuracy',
  };
  const source: SpecSource = { value, locate: (path) => `few-labels, ${set.name}: ${path.join('.')}` };
  const study = await runStudy(workspace, parseStudy(source), source, {
    signal,
    onCell: ({ condition, arm, seed }, index, total, reused) => {
      if (!reused) progress(`${set.name}: ${index + 1} of ${total}: ${arm}, ${condition}, seed ${seed}`);
    },
  });
  if (!study) throw new LabError('aborted', 'Stopped. The same command goes on where it stopped');
  return { set, rows: arms.map(({ row }) => row), study };
}

function frozenArm({ name, title, experiment }: Pretraining, budget: Budget, pretrained: Pretrained): Arm {
  const arm = `${name}-${slug(budget.title)}`;
  return {
    row: { arm, title: `${title}, ${budget.title}`, use: frozen, pretrained },
    spec: { name: arm, method: 'frozen-features', settings: sameNetwork(experiment, pretrained) },
  };
}

function fineTunedArm({ name, title, experiment }: Pretraining, budget: Budget, pretrained: Pretrained): Arm {
  const arm = `${name}-${slug(budget.title)}-tuned`;
  return {
    row: { arm, title: `${title}, ${budget.title}`, use: 'probe, then fine-tuned', pretrained },
    spec: { name: arm, settings: { ...sameNetwork(experiment, pretrained), 'training.linearProbeFirst': true } },
  };
}

function sameNetwork({ pipeline }: SpecPart, { run }: Pretrained): SpecPart {
  return { 'from.run': run, pipeline };
}
