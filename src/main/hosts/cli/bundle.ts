/** `pretext bundle` and `pretext verify`: a run, a study or a model with all that it stands on, in one file, and whether it still says the same. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { formatBytes, formatNumber, plural } from '../../../shared/display.ts';
import type { VerifiedRow } from '../../runs/bundle/agreement.ts';
import { createBundle } from '../../runs/bundle/create.ts';
import type { OpenedBundle } from '../../runs/bundle/open.ts';
import { openBundle } from '../../runs/bundle/open.ts';
import type { Verification } from '../../runs/bundle/verify.ts';
import { verifyBundle } from '../../runs/bundle/verify.ts';
import { exitCodes } from './exit-codes.ts';
import { existingWorkspaceOf, globalsOf, workspaceOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { positiveNumber } from './numbers.ts';
import { print, printJson, say, table } from './output.ts';
import { createProgress } from './progress.ts';

type OnProgress = (progress: { readonly phase: string; readonly done: number; readonly total: number }) => void;

/** A bar for each phase; Ctrl-C leaves nothing. */
async function withBar<Result>(
  work: (signal: AbortSignal, onProgress: OnProgress) => Promise<Result>,
): Promise<Result> {
  const progress = createProgress();
  let current = '';
  return interruptible('Stopping; nothing will be kept …', async (signal) => {
    try {
      return await work(signal, ({ phase, done, total }) => {
        if (phase !== current) progress.start(phase, total, phase === 'Checksums' ? 'files' : 'bytes', done);
        current = phase;
        progress.update(done);
      });
    } finally {
      progress.stop();
    }
  });
}

export function registerBundle(bundle: Command): void {
  bundle
    .argument(
      '<run|study|model>',
      "a run's id, an experiment's name (its latest run), or the name of a study or a model",
    )
    .argument('<file>', 'a new .zip file')
    .addOption(
      new Option('--data <how>', 'whether the data is in it, or only its hashes')
        .choices(['include', 'hashes'])
        .default('include'),
    )
    .action(async (reference: string, output: string, { data }: { data: 'include' | 'hashes' }, command: Command) => {
      const workspace = await existingWorkspaceOf(command);
      const { file, bytes, manifest } = await withBar((signal, onProgress) =>
        createBundle(workspace, reference, { output, data, signal, onProgress }),
      );
      for (const missing of manifest.missing) say(`Not in it: ${missing}`);
      if (globalsOf(command).json) printJson({ file, bytes, ...manifest });
      else {
        const names = [...manifest.runs.map(({ id }) => id), ...manifest.models];
        print(`${file}: ${names.join(', ')}, ${formatBytes(bytes)}`);
      }
    });
  bundle
    .command('open')
    .description('bring the runs, data and studies of a bundle into the workspace')
    .argument('<file>', 'the .zip file of a bundle')
    .action(async (file: string, _options: object, command: Command) => {
      const workspace = await workspaceOf(command);
      const opened = await withBar((signal, onProgress) => openBundle(workspace, file, { signal, onProgress }));
      if (globalsOf(command).json) printJson(opened);
      else reportOpened(opened);
    });
}

function reportOpened({ added, known, renamed, missing }: OpenedBundle): void {
  for (const { from, to } of renamed) say(`'${from}' is called '${to}' here: that name has other contents`);
  for (const one of missing) say(`Not in the bundle: ${one}`);
  for (const path of known) say(`${path} was here already`);
  print(added.length === 0 ? 'Everything was here already' : added.join('\n'));
}

export function registerVerify(verify: Command): void {
  verify
    .argument('<file>', 'the .zip file of a bundle')
    .option('--train', 'train the runs again and compare')
    .option('--steps <number>', 'with --train, the number of steps from the beginning', positiveNumber)
    .action(async (file: string, { train, steps }: { train?: boolean; steps?: number }, command: Command) => {
      if (steps !== undefined && !train) command.error('error: --steps has no effect without --train');
      const workspace = await workspaceOf(command); // which may have the data that the bundle left out
      const verification = await interruptible('Stopping …', (signal) =>
        verifyBundle(file, { train, steps, workspace, signal, onPhase: say }),
      );
      if (globalsOf(command).json) printJson(verification);
      else reportVerification(verification);
      if (verification.rows.some(({ agreement }) => agreement === 'different')) process.exitCode = exitCodes.failed;
    });
}

function reportVerification({ files, rows, differences, missing }: Verification): void {
  const shown = (value: VerifiedRow['found']): string =>
    typeof value !== 'number' ? (value ?? '') : Number.isInteger(value) ? String(value) : formatNumber(value);
  print(
    table(
      [
        { title: 'run' },
        { title: 'what' },
        { title: 'recorded', align: 'right' },
        { title: 'found', align: 'right' },
        { title: 'agreement' },
      ],
      rows.map(({ run, what, recorded, found, agreement, reason }) => {
        return [run, what, shown(recorded), shown(found), reason === undefined ? agreement : `${agreement}: ${reason}`];
      }),
    ),
  );
  for (const { what, there, here } of differences) {
    say(`Another ${what}: ${there || 'none'} there, ${here || 'none'} here`);
  }
  for (const one of missing) say(`Not in the bundle: ${one}`);
  const counts = Map.groupBy(rows, ({ agreement }) => agreement);
  const summary = [...counts].map(([agreement, group]) => `${group.length} ${agreement}`).join(', ');
  print(`\n${plural(files, 'file')} unchanged${summary === '' ? '' : `; ${summary}`}`);
}
