/** Compares everything in a workspace with its checksums: what `pretext check` does. */
import { join } from 'node:path';
import { LabError, messageOf } from '../../shared/errors.ts';
import { readChecksums, verifyAgainst } from '../files/checksums.ts';
import { namesIn, textOf } from '../files/file-exists.ts';
import { unsealJson } from '../files/sealed-json.ts';
import { countDamagedLines } from '../files/sealed-lines.ts';
import { checkpointFolder, listCheckpoints } from '../workspace/checkpoint-folders.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { runFolder } from '../workspace/run-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { verifyCheckpoint } from './checkpoints.ts';

export interface CheckedFolder {
  /** Within the workspace, with `/`. */
  readonly path: string;
  readonly state: 'whole' | 'not verified' | 'damaged';
  readonly problems: readonly string[];
}

/** One folder after the other, as they are done. Throws `LabError('aborted')`. */
export async function* checkWorkspace(workspace: Workspace, signal: AbortSignal): AsyncIterable<CheckedFolder> {
  for (const [kind, parent] of [
    ['corpora', workspace.corpora],
    ['datasets', workspace.datasets],
    ['models', workspace.models],
  ] as const) {
    for (const name of await shownNames(parent)) {
      requireGoingOn(signal);
      yield await checked(`${kind}/${name}`, [() => checkListed(join(parent, name))]);
    }
  }
  for (const name of await shownNames(workspace.runs)) {
    requireGoingOn(signal);
    const run = runFolder(join(workspace.runs, name));
    yield await checked(`runs/${name}`, [
      () => checkListed(run.folder),
      () => checkLines(run),
      () => checkSealed(run.artifacts),
    ]);
    for (const step of await listCheckpoints(run.checkpoints)) {
      requireGoingOn(signal);
      yield await checked(`runs/${name}/checkpoints/step-${step}`, [
        async () => ({
          verified: (await verifyCheckpoint(checkpointFolder(run.checkpoints, step))) === 'whole',
          problems: [],
        }),
      ]);
    }
  }
}

interface Finding {
  readonly verified: boolean;
  readonly problems: readonly string[];
}

async function checked(path: string, checks: readonly (() => Promise<Finding>)[]): Promise<CheckedFolder> {
  const findings: Finding[] = [];
  for (const check of checks) {
    findings.push(
      await check().catch((error: unknown) => ({ verified: true, problems: [messageOf(error)] })), // what is wrong is known
    );
  }
  const problems = findings.flatMap((finding) => finding.problems);
  const isVerified = findings.every(({ verified }) => verified);
  return { path, problems, state: problems.length > 0 ? 'damaged' : isVerified ? 'whole' : 'not verified' };
}

/** All files that are listed, not only the first that is damaged. A result that is listed and not there is still to come. */
async function checkListed(folder: string): Promise<Finding> {
  const sums = await readChecksums(folder);
  if (!sums) return { verified: false, problems: [] };
  const problems: string[] = [];
  const names = new Set(await namesIn(folder));
  for (const [path, sum] of sums) {
    if (path === 'result.json' && !names.has(path)) continue;
    await verifyAgainst(join(folder, path), sum).catch((error: unknown) => problems.push(messageOf(error)));
  }
  return { verified: true, problems };
}

/** Files whose lines have seals: events, and what was recorded beside them. A last line that was left half-written is no damage. */
async function checkLines({ events, artifacts }: RunFolder): Promise<Finding> {
  const names = (await namesIn(artifacts)).filter((name) => name.endsWith('.jsonl')).sort();
  const problems: string[] = [];
  for (const file of [events, ...names.map((name) => join(artifacts, name))]) {
    const damaged = await countDamagedLines(file);
    const lines = damaged === 1 ? 'a line is' : `${damaged} lines are`;
    if (damaged > 0) problems.push(`${file} is damaged: ${lines} not what was written`);
  }
  return { verified: true, problems };
}

/** Files with a seal of their own: what a run found out after its folder had been written. Of older labs nothing is known. */
async function checkSealed(artifacts: string): Promise<Finding> {
  const problems: string[] = [];
  for (const name of (await namesIn(artifacts)).filter((one) => one.endsWith('.json')).sort()) {
    const file = join(artifacts, name);
    const text = await textOf(file);
    try {
      if (text !== undefined) unsealJson(file, text);
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  return { verified: true, problems };
}

async function shownNames(folder: string): Promise<string[]> {
  return (await namesIn(folder)).filter((name) => !name.startsWith('.')).sort();
}

function requireGoingOn(signal: AbortSignal): void {
  if (signal.aborted) throw new LabError('aborted', 'The check was stopped');
}
