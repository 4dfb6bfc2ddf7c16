/** Where a run begins, or goes on: its last checkpoint, or the weights that it starts with. */
import type { NewRunEvent } from '../../shared/spec/run/events.ts';
import type { Executable, Tensor } from '../engines/engine.ts';
import type { Program } from '../graph/program.ts';
import { initialParameters } from '../nn/index.ts';
import type { TrainingProgress } from '../training/checkpoints.ts';
import { initialProgress } from '../training/checkpoints.ts';
import { requireTransfer, startingState } from '../training/fine-tuning.ts';
import { readLastCheckpoint } from '../training/going-back.ts';
import type { RunFolder, RunOrigin } from '../workspace/run-folder.ts';
import { writeJson } from '../workspace/run-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { PreparedRun } from './prepare.ts';
import { probeHead } from './probe-head.ts';
import { takeWeights } from './starting-weights.ts';

export interface RestoreOptions {
  readonly workspace: Workspace;
  readonly run: RunFolder;
  readonly origin: RunOrigin;
  readonly prepared: PreparedRun;
  readonly trainer: Executable;
  readonly program: Program;
  readonly signal: AbortSignal;
  readonly onPhase?: (phase: string) => void;
  readonly emit: (event: NewRunEvent) => void;
}

/** Brings the trainer to where the run stands. Undefined when it was stopped before it had begun. */
export async function restoreRun(options: RestoreOptions): Promise<TrainingProgress | undefined> {
  const { run, prepared, trainer, program } = options;
  const last = await readLastCheckpoint(run.id, run.checkpoints);
  if (last) {
    await trainer.importState(last.state);
    return last.progress;
  }
  const transferred = await transferredWeights(options);
  const head = prepared.experiment.training.linearProbeFirst ? await probeHead(options) : new Map<string, Tensor>();
  if (!head) return undefined;
  const initial = initialParameters(program, prepared.experiment.seed);
  await trainer.importState(startingState(initial, new Map([...transferred, ...head])));
  return initialProgress;
}

async function transferredWeights({
  workspace,
  run,
  origin: { weights },
  prepared: { experiment, sampler },
  program,
  emit,
}: RestoreOptions): Promise<ReadonlyMap<string, Tensor>> {
  if (!weights) return new Map();
  const { parameters, report } = await takeWeights(workspace, experiment, sampler.classes, weights, program);
  await writeJson(run.transfer, { source: weights.label, ...report });
  requireTransfer(report, weights.label);
  emit({
    type: 'transfer',
    step: 0,
    source: weights.label,
    matched: report.matched.length,
    fresh: report.fresh.length,
    mismatched: report.mismatched.length,
    unused: report.unused.length,
  });
  return parameters;
}
