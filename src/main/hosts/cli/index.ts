/**
 * The command line. A command is one file that says its arguments and prints what a use case of the lab answers. Data goes
 * to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
 */
import { Command, CommanderError } from 'commander';
import { isLabError } from '../../../shared/errors.ts';
import { printError } from './errors.ts';
import { labVersion } from '../../files/version.ts';
import { exitCodes } from './exit-codes.ts';

/**
 * What each command does, in the order of the help, and what defines its arguments: loaded when it is asked for, as some
 * bring native libraries along, which take a while.
 */
const commands: Readonly<Record<string, readonly [summary: string, load: () => Promise<(command: Command) => void>]>> =
  {
    serve: ['open the lab in a browser', async () => (await import('./serve.ts')).registerServe],
    demo: [
      'pretrain, fine-tune and measure on sample data, as the commands that one would type',
      async () => {
        const { registerDemo } = await import('./demo.ts');
        return (command) => {
          registerDemo(command, runCommandLine);
        };
      },
    ],
    corpus: ['unlabelled text or images, for pretext tasks', async () => (await import('./corpus.ts')).registerCorpus],
    dataset: [
      'labelled text, images or sound, for fine-tuning, and for measuring the transfer gain',
      async () => (await import('./dataset.ts')).registerDataset,
    ],
    model: [
      'pretrained models of others: import, download, list, show, delete',
      async () => (await import('./model.ts')).registerModel,
    ],
    preview: [
      'show the first training examples of an experiment; images are written as files',
      async () => (await import('./preview.ts')).registerPreview,
    ],
    'find-rate': [
      'find a learning rate for an experiment by a range test of a few steps',
      async () => (await import('./find-rate.ts')).registerFindRate,
    ],
    run: ['train an experiment', async () => (await import('./run.ts')).registerRun],
    runs: ['list the runs, newest first', async () => (await import('./runs.ts')).registerRuns],
    queue: [
      'train runs one after the other, in an order that can be changed',
      async () => (await import('./queue.ts')).registerQueue,
    ],
    show: [
      'show a run: its course, its result and where its weights came from',
      async () => (await import('./show.ts')).registerShow,
    ],
    predict: [
      'use a trained model: fill in [MASK]s, judge a pair of sentences, classify a text, an image or a sound, or predict its numbers; or all of a file or folder, with --input and --output',
      async () => (await import('./predict.ts')).registerPredict,
    ],
    generate: ['continue a text with a language model', async () => (await import('./generate.ts')).registerGenerate],
    speak: [
      'say a text with a trained voice, as a WAV file; or all texts of a table',
      async () => (await import('./speak.ts')).registerSpeak,
    ],
    probe: [
      'probe every stage of a network on a labelled dataset, its weights frozen',
      async () => (await import('./probe.ts')).registerProbe,
    ],
    scores: [
      'AUROC, average precision, calibration with a temperature, and the confusion at a threshold, of a finished classifier',
      async () => (await import('./scores.ts')).registerScores,
    ],
    card: [
      'the audit card of a run, a study or a model: data, splits, leaks, baselines, recipe, seeds, spread, time and energy',
      async () => (await import('./card.ts')).registerCard,
    ],
    leaks: [
      'find examples of a dataset that also occur, nearly as they are, in other material',
      async () => (await import('./leaks.ts')).registerLeaks,
    ],
    export: [
      'write a run or an imported model for use elsewhere: as ONNX, for other libraries, or as a page to show',
      async () => (await import('./export.ts')).registerExport,
    ],
    bundle: [
      'write a run, a study or a model with its data, weights, results and lineage as one .zip file',
      async () => (await import('./bundle.ts')).registerBundle,
    ],
    verify: [
      'check a bundle: its checksums, its models, its evaluations and, with --train, its trainings are done again',
      async () => (await import('./bundle.ts')).registerVerify,
    ],
    task: ['list the tasks, or explain one with its options', async () => (await import('./task.ts')).registerTask],
    pipeline: [
      'look at pipelines: presets, blocks, and what one consists of',
      async () => (await import('./pipeline.ts')).registerPipeline,
    ],
    schema: [
      'print the JSON schema of experiment files, for completion in editors',
      async () => (await import('./schema.ts')).registerSchema,
    ],
    doctor: [
      'look at engines and devices: what is there, whether its gradients are right, how fast it is',
      async () => (await import('./doctor.ts')).registerDoctor,
    ],
    study: [
      'measure the transfer gain: a grid of arms, conditions and seeds',
      async () => (await import('./study.ts')).registerStudy,
    ],
    sweep: [
      'try values for any settings of an experiment, by grid, at random or by successive halving',
      async () => (await import('./sweep.ts')).registerSweep,
    ],
    pack: ['pack the lab for other computers', async () => (await import('./pack.ts')).registerPack],
    work: ['train runs of a study on a node of a cluster', async () => (await import('./work.ts')).registerWork],
    check: [
      'compare all corpora, datasets, models, runs and checkpoints with their checksums',
      async () => (await import('./check.ts')).registerCheck,
    ],
    reindex: [
      'build the database of the workspace anew from its folders; the old one is kept',
      async () => (await import('./reindex.ts')).registerReindex,
    ],
    bench: [
      'measure training side by side with PyTorch (in a checkout of the project)',
      async () => (await import('./bench.ts')).registerBench,
    ],
  };

/** Runs one command and returns the exit code. Never throws. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  process.exitCode = exitCodes.done; // commands that ended otherwise without an error set it
  process.stdout.off('error', onOutputError).on('error', onOutputError);
  try {
    const program = await createProgram((name) => args.includes(name));
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

/** Knows all commands by name, and the arguments of those that are wanted. */
export async function createProgram(isWanted: (command: string) => boolean): Promise<Command> {
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
  for (const [name, [summary, load]] of Object.entries(commands)) {
    const command = program.command(name).description(summary);
    if (isWanted(name)) (await load())(command);
  }
  return program;
}
