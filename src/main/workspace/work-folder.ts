/**
 * The folder of a study's work, `studies/NAME.work` in the workspace: all that the nodes of a cluster and the lab have in common,
 * besides the folders of the runs. Nothing but files, each there whole or not at all, so that any shared folder will do.
 *
 *     plan.json    the cells of the study, each with its key, its run and where its experiment stands in cells-HASH.jsonl
 *     cells-HASH.jsonl  the experiments, one a line: a node reads those that it trains, and not those of all
 *     claims/      KEY.lock while a node works on a cell, with signs of life
 *     done/        KEY of a cell whose run is finished
 *     failed/      KEY of a cell whose run has failed, with why
 *     futility.json  of a study that may stop for futility: seeds after which it was asked, and whether it stops there
 *     jobs.json    what was handed to a scheduler; `cancelled` asks nodes to stop, by being there
 *     logs/        what the nodes wrote
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { LabError, cannotRead, isLabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { storedExperiment } from '../../shared/spec/experiment/index.ts';
import type { Study } from '../../shared/spec/study.ts';
import { studySpec } from '../../shared/spec/study.ts';
import { textOf, namesIn } from '../files/file-exists.ts';
import { readSealed, unsealJson } from '../files/sealed-json.ts';
import type { Workspace } from './workspace.ts';

export interface WorkFolder {
  readonly folder: string;
  readonly plan: string;
  readonly claims: string;
  readonly done: string;
  readonly failed: string;
  readonly futility: string;
  readonly jobs: string;
  readonly cancelled: string;
  readonly logs: string;
}

const suffix = '.work';

export function workFolderOf({ folder }: Workspace, study: string): WorkFolder {
  return workFolder(join(folder, 'studies', `${study}${suffix}`));
}

export function workFolder(folder: string): WorkFolder {
  return {
    folder,
    plan: join(folder, 'plan.json'),
    claims: join(folder, 'claims'),
    done: join(folder, 'done'),
    failed: join(folder, 'failed'),
    futility: join(folder, 'futility.json'),
    jobs: join(folder, 'jobs.json'),
    cancelled: join(folder, 'cancelled'),
    logs: join(folder, 'logs'),
  };
}

/** The workspace that a work folder is in. Throws `LabError('bad-input')`. */
export function workspaceFolderOf({ folder }: WorkFolder): string {
  const studies = dirname(folder);
  if (basename(studies) === 'studies' && folder.endsWith(suffix)) return dirname(studies);
  throw new LabError(
    'bad-input',
    `${folder} is not the work of a study. 'pretext study SPEC --prepare' makes one, such as WORKSPACE/studies/NAME${suffix}, and prints where it is`,
    { folder },
  );
}

const workCell = z.strictObject({
  /** SHA-256 of the experiment and of what it is trained on, as hexadecimal digits. */
  key: z.string().regex(/^[0-9a-f]{64}$/),
  /** Its run, there or not yet. */
  id: z.string(),
  condition: z.string(),
  arm: z.string(),
  seed: z.int(),
  /** Of the cell whose trials choose the settings of this one. */
  after: z.string().optional(),
  /** Place of its line in the file of experiments, in bytes. */
  at: z.tuple([z.int(), z.int()]),
});
export type WorkCell = z.infer<typeof workCell>;

const workPlan = z.strictObject({
  formatVersion: z.literal(1),
  study: z.string(),
  /** The file with the experiments. It is never changed: nodes at work keep theirs when a study is submitted again. */
  file: z.string().regex(/^cells-[0-9a-f]+\.jsonl$/),
  cells: z.array(workCell),
  /** Of a study that may stop for futility: what nodes have to know to ask. */
  question: studySpec.optional(),
});
export type WorkPlan = z.infer<typeof workPlan>;

/** Throws `LabError('not-found' | 'corrupt')`. */
export async function readPlan({ plan }: WorkFolder): Promise<WorkPlan> {
  const text = await textOf(plan);
  if (text === undefined) {
    throw new LabError('not-found', `There is no ${plan}. 'pretext study SPEC --prepare' makes it`, { plan });
  }
  const parsed = workPlan.safeParse(unsealJson(plan, text));
  if (parsed.success) return parsed.data;
  throw new LabError('corrupt', `${plan} is damaged: ${z.prettifyError(parsed.error)}. Submit the study again`, {
    plan,
  });
}

/** What a cell's key is made of: the experiment as it is before trials, and what it is trained on. */
export interface CellContent {
  readonly experiment: Experiment;
  readonly data: string;
  readonly weights: string | null;
}

export function keyOf(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}

const cellContent = z.strictObject({ experiment: storedExperiment, data: z.string(), weights: z.string().nullable() });

/** The experiment of a cell. Throws `LabError('corrupt')` where the line is not the one that its key is made of. */
export async function readCell(
  { folder }: WorkFolder,
  { file }: WorkPlan,
  { key, at: [offset, length] }: WorkCell,
): Promise<CellContent> {
  const cells = join(folder, file);
  const handle = await open(cells, 'r').catch((error: unknown) => {
    throw cannotRead('file', cells, error);
  });
  try {
    const buffer = Buffer.alloc(length);
    await handle.read(buffer, 0, length, offset);
    const line = buffer.toString('utf8');
    if (keyOf(line) !== key) {
      throw new LabError(
        'corrupt',
        `${cells} is damaged: the cell ${key.slice(0, 12)} is not what was planned. Submit the study again`,
        {
          cells,
          key,
        },
      );
    }
    return cellContent.parse(JSON.parse(line));
  } finally {
    await handle.close();
  }
}

export interface WorkState {
  readonly done: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
  /** Cells with a claim, also of a node that is gone. */
  readonly claimed: ReadonlySet<string>;
}

/** By the names in three folders, whatever the number of runs: a shared folder is slow in files and quick in names. */
export async function readWorkState({ done, failed, claims }: WorkFolder): Promise<WorkState> {
  const [finished, broken, taken] = await Promise.all([done, failed, claims].map(namesIn));
  const whole = (names: readonly string[] = []): ReadonlySet<string> =>
    new Set(names.filter((name) => /^[0-9a-f]{64}$/.test(name)));
  return {
    done: whole(finished),
    failed: whole(broken),
    claimed: whole(taken?.flatMap((name) => (name.endsWith('.lock') ? [name.slice(0, -'.lock'.length)] : []))),
  };
}

const failure = z.object({ code: z.string(), message: z.string(), host: z.string() });
export type CellFailure = z.infer<typeof failure>;

/** Why a cell failed; undefined where that cannot be read. */
export async function readFailure({ failed }: WorkFolder, key: string): Promise<CellFailure | undefined> {
  try {
    return failure.parse(JSON.parse((await textOf(join(failed, key))) ?? ''));
  } catch {
    return undefined;
  }
}

const futility = z.strictObject({
  formatVersion: z.literal(1),
  /** After so many of them it was asked. */
  seeds: z.int().min(1),
  /** Whether later ones are left out. */
  stop: z.boolean(),
});
export type Futility = z.infer<typeof futility>;

/** Undefined before it was asked, and where the file is damaged: then it is asked again. */
export async function readFutility({ futility: file }: WorkFolder): Promise<Futility | undefined> {
  return readSealed(file, futility).catch((error: unknown) => {
    if (isLabError(error, 'corrupt')) return undefined;
    throw error;
  });
}

/** How many seeds come before that of a cell. */
export function seedPlace({ seeds }: Pick<Study, 'seeds'>, { seed }: Pick<WorkCell, 'seed'>): number {
  return seeds.indexOf(seed);
}

/** Whether a cell is left out, because no difference is expected of its seed any more. */
export function isLeftOut({ question }: WorkPlan, answer: Futility | undefined, cell: WorkCell): boolean {
  return question !== undefined && answer?.stop === true && seedPlace(question, cell) >= answer.seeds;
}
