/**
 * The command line. A command is one file that says its arguments and prints what a use case of the lab answers. Data goes
 * to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
 */
import { Command, CommanderError } from 'commander';
import { isLabError } from '../../../shared/errors.ts';
import { registerBench } from './bench.ts';
import { registerCorpus } from './corpus.ts';
import { registerDataset } from './dataset.ts';
import { registerDoctor } from './doctor.ts';
import { printError } from './errors.ts';
import { registerExport } from './export.ts';
import { registerPipeline } from './pipeline.ts';
import { registerPredict } from './predict.ts';
import { registerPreview } from './preview.ts';
import { registerRun } from './run.ts';
import { registerRuns } from './runs.ts';
import { registerSchema } from './schema.ts';
import { registerShow } from './show.ts';
import { registerStudy } from './study.ts';
import { registerTask } from './task.ts';
import { labVersion } from '../../lab/version.ts';
import { exitCodes } from './exit-codes.ts';

const commands = [
  registerCorpus,
  registerDataset,
  registerPreview,
  registerRun,
  registerStudy,
  registerRuns,
  registerShow,
  registerPredict,
  registerExport,
  registerTask,
  registerPipeline,
  registerSchema,
  registerDoctor,
  registerBench,
];

/** Runs one command and returns the exit code. Never throws. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.done); // `pretext … | head` has read enough
    throw error;
  });
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? exitCodes.done);
  } catch (error) {
    // Commander has printed its own message.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    if (isLabError(error, 'aborted')) return exitCodes.interrupted;
    printError(error);
    return exitCodes.failed;
  }
}

function createProgram(): Command {
  const program = new Command('pretext')
    .description('Pretrain networks on your own text and images, fine-tune them, and measure what it bought')
    .version(labVersion(), '-V, --version', 'print the version')
    .option('-w, --workspace <folder>', 'the folder that holds everything (default: PRETEXT_WORKSPACE, or in your data folder)')
    .option('--json', 'print one JSON value instead of text')
    .helpOption('-h, --help', 'explain a command')
    .configureHelp({ minWidthToWrap: 24 })
    .showHelpAfterError("('pretext --help' explains the commands)")
    .exitOverride();
  for (const register of commands) register(program);
  return program;
}
