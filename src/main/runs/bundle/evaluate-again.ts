/** Evaluates a finished run again from the weights of its best checkpoint, as `finish-run` did at its end. */
import { storedExperiment } from '../../../shared/spec/experiment/index.ts';
import { runResult } from '../../../shared/spec/run/result.ts';
import type { Program } from '../../graph/program.ts';
import { fileExists } from '../../files/file-exists.ts';
import type { EvaluationSplit } from '../../tasks/task.ts';
import { evaluateSplit } from '../../training/evaluate.ts';
import { withLengthBuckets } from '../../training/length-buckets.ts';
import type { Model } from '../../training/model.ts';
import { buildModel } from '../../training/model.ts';
import type { RunFolder } from '../../workspace/run-folder.ts';
import { readJson } from '../../workspace/run-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { loadEngine, placeOf } from '../engines.ts';
import { describeEvaluation } from '../finish-run.ts';
import { openRun } from '../open-run.ts';
import { readWeights } from '../open-trained.ts';
import type { VerifiedRow } from './agreement.ts';
import { agreementOf } from './agreement.ts';

/** A row for each metric of each split. Throws `LabError('not-found')` without material or weights, `'engine-unavailable'`. */
export async function evaluateAgain(
  workspace: Workspace,
  run: RunFolder,
  signal: AbortSignal,
): Promise<readonly VerifiedRow[]> {
  const refuse = (reason: string): readonly VerifiedRow[] => {
    return [{ run: run.id, what: 'evaluation', recorded: null, found: null, agreement: 'not checked', reason }];
  };
  if (!(await fileExists(run.result))) return refuse('the run is not finished');
  const result = await readJson(run.result, runResult);
  const { method } = await readJson(run.spec, storedExperiment);
  if (method === 'frozen-features' || method === 'baseline') {
    return refuse('it has no weights of its own; --train fits it again');
  }
  const prepared = await openRun(workspace, run);
  const { experiment, model, sampler } = prepared;
  try {
    const { weights } = await readWeights(run, 'best');
    const place = placeOf(experiment.engine);
    const engine = await loadEngine(experiment.engine.name);
    const batchSize = experiment.evaluation.batchSize ?? experiment.training.batchSize;
    const build = (shown: Model): Program => buildModel(shown, 'evaluation', batchSize);
    const program = build(model);
    const full = await engine.compile(program, place);
    const compile = (source: Program) => engine.compile(source, { ...place, shareStateWith: full });
    await using evaluator = withLengthBuckets(full, { model, build, compile });
    const parameters = new Map([...weights].filter(([parameter]) => program.parameters.has(parameter)));
    await evaluator.importState({ parameters });
    const rows: VerifiedRow[] = [];
    const splits: readonly (readonly [EvaluationSplit, typeof result.test])[] = [
      ['validation', result.validation],
      ['test', result.test],
    ];
    for (const [split, recorded] of splits) {
      if (!recorded) continue;
      const { maximumBatches } = experiment.evaluation;
      const found = await evaluateSplit(model, evaluator, sampler, { split, batchSize, maximumBatches, signal });
      const metrics = found ? describeEvaluation(found).metrics : {};
      for (const [metric, value] of Object.entries(recorded.metrics)) {
        const again = numberOrNull(metrics[metric]);
        rows.push({
          ...{ run: run.id, what: `${split} ${metric}`, recorded: value, found: again },
          agreement: agreementOf(value, again),
        });
      }
      if (recorded.correct !== undefined) {
        const again = found?.correct?.join('') ?? '';
        const same = Array.from(recorded.correct).filter((one, index) => one === again[index]).length;
        const total = recorded.correct.length;
        rows.push({
          ...{ run: run.id, what: `${split} answers judged alike`, recorded: total, found: same },
          agreement: same === total && again.length === total ? 'same bits' : 'different',
        });
      }
    }
    return rows;
  } finally {
    sampler.close();
  }
}

/** As JSON keeps it. */
function numberOrNull(value: number | null | undefined): number | null {
  return value !== undefined && value !== null && Number.isFinite(value) ? value : null;
}
