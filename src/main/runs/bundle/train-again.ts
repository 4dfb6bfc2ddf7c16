/** Trains a run again beside itself, from the same spec, seeds and first weights, and compares what comes out on the way and at the end. */
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { storedExperiment } from '../../../shared/spec/experiment/index.ts';
import type { RunEvent } from '../../../shared/spec/run/events.ts';
import type { RunResult } from '../../../shared/spec/run/result.ts';
import { runResult, runTuning } from '../../../shared/spec/run/result.ts';
import { sha256Of } from '../../files/checksums.ts';
import { fileExists } from '../../files/file-exists.ts';
import { checkpointFolder } from '../../workspace/checkpoint-folders.ts';
import type { RunFolder } from '../../workspace/run-folder.ts';
import { readEventLog, readJson, runFolder } from '../../workspace/run-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { trainRun } from '../train-run.ts';
import type { VerifiedRow } from './agreement.ts';
import { agreementOf } from './agreement.ts';

/**
 * @param steps so many from the beginning, with the settings that were chosen; without it everything: trials choose again, and weights and
 * metrics at the end are compared, too.
 * Throws what `trainRun` does.
 */
export async function trainAgain(
  workspace: Workspace,
  run: RunFolder,
  steps: number | undefined,
  signal: AbortSignal,
): Promise<readonly VerifiedRow[]> {
  const again = await copyAsNew(run);
  if (steps !== undefined && (await fileExists(run.tuning))) await cp(run.tuning, again.tuning);
  try {
    const stop = new AbortController();
    const onStep = (step: number): void => {
      if (steps !== undefined && step >= steps) stop.abort();
    };
    const result = await trainRun(workspace, again, { signal: AbortSignal.any([signal, stop.signal]), onStep });
    signal.throwIfAborted();
    const last = steps ?? Infinity;
    const way = [
      ...(steps === undefined ? await compareTrials(run, again) : []),
      ...(await compareLosses(run, again, last)),
    ];
    if (!result || !(await fileExists(run.result))) return way;
    return [...way, ...(await compareEnds(run, again, await readJson(run.result, runResult), result))];
  } finally {
    await rm(again.folder, { recursive: true, force: true });
  }
}

/** What a run has before its first step, and before its trials. */
async function copyAsNew(run: RunFolder): Promise<RunFolder> {
  const again = runFolder(`${run.folder}-again`);
  await mkdir(again.artifacts, { recursive: true });
  await cp(run.spec, again.spec);
  const foundations = ['origin.json', 'facts.json', 'tokenizer.json', 'leaks.json'];
  for (const name of await readdir(run.artifacts)) {
    if (foundations.includes(name)) await cp(join(run.artifacts, name), join(again.artifacts, name));
  }
  return again;
}

/** What each trial reached, and what was chosen; nothing for a run without trials. */
async function compareTrials(run: RunFolder, again: RunFolder): Promise<VerifiedRow[]> {
  if (!(await fileExists(run.tuning)) || !(await fileExists(again.tuning))) return [];
  const recorded = await readJson(run.tuning, runTuning);
  const found = await readJson(again.tuning, runTuning);
  const values = recorded.trials.map(({ settings, value }, index): VerifiedRow => {
    const other = found.trials[index]?.value ?? null;
    return {
      ...{ run: run.id, what: `validation ${recorded.metric} of the trial with ${described(settings)}` },
      ...{ recorded: value, found: other, agreement: agreementOf(value, other) },
    };
  });
  const [there, here] = [described(recorded.chosen), described(found.chosen)];
  const agreement = there === here ? 'same bits' : 'different';
  return [...values, { run: run.id, what: 'settings that trials chose', recorded: there, found: here, agreement }];
}

function described(settings: Readonly<Record<string, unknown>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ');
}

/** By step, the loss of the first time that it was reached. */
async function lossesOf(run: RunFolder): Promise<ReadonlyMap<number, number | null>> {
  const { events } = await readEventLog(run);
  const losses = new Map<number, number | null>();
  for (const event of events.filter((one): one is Extract<RunEvent, { type: 'step' }> => one.type === 'step')) {
    if (!losses.has(event.step)) losses.set(event.step, event.scalars.loss ?? null);
  }
  return losses;
}

async function compareLosses(run: RunFolder, again: RunFolder, last: number): Promise<VerifiedRow[]> {
  const recorded = await lossesOf(run);
  const found = await lossesOf(again);
  const shared = [...recorded.keys()].filter((step) => step <= last && found.has(step));
  if (shared.length === 0) return [];
  const agreements = shared.map((step) => agreementOf(recorded.get(step) ?? null, found.get(step) ?? null));
  const firstOther = shared.find((_, index) => agreements[index] !== 'same bits');
  const shown = firstOther ?? shared.at(-1)!; // of one that is not empty
  const what =
    firstOther === undefined
      ? `training loss, ${shared.length} points to step ${shown}`
      : `training loss at step ${shown}`;
  const worst = (['different', 'same number'] as const).find((one) => agreements.includes(one)) ?? 'same bits';
  return [
    { run: run.id, what, recorded: recorded.get(shown) ?? null, found: found.get(shown) ?? null, agreement: worst },
  ];
}

async function compareEnds(
  run: RunFolder,
  again: RunFolder,
  recorded: RunResult,
  found: RunResult,
): Promise<VerifiedRow[]> {
  const rows: VerifiedRow[] = [];
  const { method } = await readJson(run.spec, storedExperiment);
  if (method !== 'frozen-features' && method !== 'baseline' && recorded.bestStep !== null) {
    const weights = ({ checkpoints }: RunFolder, step: number): string =>
      join(checkpointFolder(checkpoints, step), 'model.safetensors');
    const there = await sha256Of(weights(run, recorded.bestStep));
    const here = found.bestStep === null ? '' : await sha256Of(weights(again, found.bestStep));
    rows.push({
      ...{ run: run.id, what: `weights of step ${recorded.bestStep} after training` },
      ...{
        recorded: there.slice(0, 12),
        found: here.slice(0, 12),
        agreement: there === here ? 'same bits' : 'different',
      },
    });
  }
  for (const split of ['validation', 'test'] as const) {
    for (const [metric, value] of Object.entries(recorded[split]?.metrics ?? {})) {
      const again = found[split]?.metrics[metric] ?? null;
      const shown = again !== null && Number.isFinite(again) ? again : null;
      rows.push({
        ...{ run: run.id, what: `${split} ${metric} after training`, recorded: value, found: shown },
        agreement: agreementOf(value, shown),
      });
    }
  }
  return rows;
}
