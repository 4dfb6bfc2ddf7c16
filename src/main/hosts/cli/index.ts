/**
 * The command line. A command is one file that says its arguments and prints what a use case of the lab answers. Data goes
 * to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
 */
import { Command, CommanderError } from 'commander';
import { isLabError } from '../../../shared/errors.ts';
import { printError } from './errors.ts';
import { labVersion } from '../../files/version.ts';
import { exitCodes } from './exit-codes.ts';

/** In the order of the help. Loaded when asked for: some bring native libraries along, which take a while. */
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  serve: async () => (await import('./serve.ts')).registerServe,
  corpus: async () => (await import('./corpus.ts')).registerCorpus,
  dataset: async () => (await import('./dataset.ts')).registerDataset,
  model: async () => (await import('./model.ts')).registerModel,
  preview: async () => (await import('./preview.ts')).registerPreview,
  run: async () => (await import('./run.ts')).registerRun,
  runs: async () => (await import('./runs.ts')).registerRuns,
  queue: async () => (await import('./queue.ts')).registerQueue,
  show: async () => (await import('./show.ts')).registerShow,
  predict: async () => (await import('./predict.ts')).registerPredict,
  generate: async () => (await import('./generate.ts')).registerGenerate,
  probe: async () => (await import('./probe.ts')).registerProbe,
  scores: async () => (await import('./scores.ts')).registerScores,
  card: async () => (await import('./card.ts')).registerCard,
  leaks: async () => (await import('./leaks.ts')).registerLeaks,
  export: async () => (await import('./export.ts')).registerExport,
  bundle: async () => (await import('./bundle.ts')).registerBundle,
  verify: async () => (await import('./bundle.ts')).registerVerify,
  task: async () => (await import('./task.ts')).registerTask,
  pipeline: async () => (await import('./pipeline.ts')).registerPipeline,
  schema: async () => (await import('./schema.ts')).registerSchema,
  doctor: async () => (await import('./doctor.ts')).registerDoctor,
  study: async () => (await import('./study.ts')).registerStudy,
  pack: async () => (await import('./pack.ts')).registerPack,
  work: async () => (await import('./work.ts')).registerWork,
  check: async () => (await import('./check.ts')).registerCheck,
  reindex: async () => (await import('./reindex.ts')).registerReindex,
  bench: async () => (await import('./bench.ts')).registerBench,
};

/** Runs one command and returns the exit code. Never throws. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  process.exitCode = exitCodes.done; // commands that ended otherwise without an error set it
  process.stdout.off('error', onOutputError).on('error', onOutputError);
  try {
    const program = await createProgram(args);
    await program.parseAsync(args, { from: 'user' });
    return exitCode();
  } catch (error) {
    // Commander has printed its own message.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    if (isLabError(error, 'aborted')) return exitCodes.interrupted;
    printError(error);
    return exitCodes.failed;
  }
}

function exitCode(): number {
  return Number(process.exitCode ?? exitCodes.done);
}

function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(exitCodes.done); // `pretext … | head` has read enough
  throw error;
}

/** Knows the commands whose names are among the arguments, or all of them, for help and for suggestions. */
export async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('pretext')
    .description('Pretrain networks on your own text and images, fine-tune them, and measure the transfer gain')
    .version(labVersion(), '-V, --version', 'print the version')
    .option(
      '-w, --workspace <folder>',
      'the folder that holds everything (default: PRETEXT_WORKSPACE, or in your data folder)',
    )
    .option('--json', 'print one JSON value instead of text')
    .helpOption('-h, --help', 'explain a command')
    .configureHelp({ minWidthToWrap: 24 })
    .showHelpAfterError("('pretext --help' explains the commands)")
    .exitOverride();
  const named = Object.keys(commands).filter((name) => args.includes(name));
  const wanted = named.length > 0 && !args.includes('help') ? named : Object.keys(commands);
  for (const name of wanted) (await commands[name]?.())?.(program);
  return program;
}
