/** `pretext model download`: a model of the Hugging Face hub, after its size was told and somebody agreed. */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { formatBytes } from '../../../shared/display.ts';
import { LabError } from '../../../shared/errors.ts';
import { hubAccess } from '../../models/hub/access.ts';
import type { DownloadPlan } from '../../runs/download-model.ts';
import { downloadModel, planDownload } from '../../runs/download-model.ts';
import { globalsOf, workspaceOf } from './globals.ts';
import { importWithProgress } from './import-progress.ts';
import { interruptible } from './interrupt.ts';
import { reportImport } from './model-report.ts';
import { pairs, print, printJson, say } from './output.ts';

interface DownloadFlags {
  readonly revision: string;
  readonly name?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export function registerDownload(model: Command): void {
  model
    .command('download')
    .description(
      'download a model of the Hugging Face hub, and import it. HF_ENDPOINT names another hub, HF_TOKEN your token',
    )
    .argument('<owner/name>', 'e.g. sentence-transformers/all-MiniLM-L6-v2')
    .option('--revision <revision>', 'a branch, tag or commit', 'main')
    .option('--name <name>', 'what to call it (default: as on the hub)')
    .option('--dry-run', 'only look: which files, how large')
    .option('--yes', 'do not ask before downloading')
    .action(async (wanted: string, { revision, name, yes, dryRun }: DownloadFlags, command: Command) => {
      const json = globalsOf(command).json ?? false;
      const access = hubAccess();
      const plan = await interruptible('Stopping …', (signal) => planDownload(access, wanted, revision, signal));
      if (dryRun) {
        if (json) printJson(asData(plan));
        else print(pairs(describePlan(plan)));
        return;
      }
      say(pairs(describePlan(plan)));
      if (!yes) await requireConsent(plan);
      const workspace = await workspaceOf(command);
      const manifest = await importWithProgress((signal, onProgress) =>
        downloadModel(workspace, access, plan, name ?? plan.suggestedName, {
          signal,
          onProgress: (phase, done, total, unit) => {
            onProgress({ phase, done, total, unit });
          },
        }),
      );
      if (json) printJson(manifest);
      else reportImport(manifest);
    });
}

function describePlan({ listing, files, bytes }: DownloadPlan): [string, string][] {
  return [
    ['model', listing.name],
    ['revision', listing.commit],
    ['licence', listing.licence ?? 'not said by its card'],
    ...files.map(({ name, bytes: size }): [string, string] => [name, formatBytes(size)]),
    ['together', `${formatBytes(bytes)} (${String(listing.files.size - files.length)} other files are not needed)`],
  ];
}

const asData = ({ listing, files, bytes, suggestedName }: DownloadPlan): object => ({
  model: listing.name,
  revision: listing.commit,
  licence: listing.licence,
  files,
  bytes,
  name: suggestedName,
});

/** Throws `LabError('aborted')` for a no, `LabError('bad-input')` where nobody can be asked. */
async function requireConsent({ listing, bytes }: DownloadPlan): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new LabError('bad-input', `Downloading ${formatBytes(bytes)} needs confirmation: give --yes`, { bytes });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`Download ${formatBytes(bytes)} of ${listing.name}? [y/N] `);
    if (/^y(es)?$/iu.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  say('Nothing was downloaded.');
  throw new LabError('aborted', 'Nothing was downloaded');
}
