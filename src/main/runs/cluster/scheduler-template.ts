/** Schedulers as files that a person can edit: how a study is submitted, looked at and cancelled, in the scheduler's own commands. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import type { JsonSchema } from '../../../shared/spec/problems.ts';
import { problemsOf, showPath } from '../../../shared/spec/problems.ts';
import { namesIn, textOf } from '../../files/file-exists.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { parseSpecText } from '../spec-file.ts';
import { hint, namesOf } from './template-text.ts';

const text = z.string().min(1);
const command = z.array(text).min(1).describe('A program and its arguments, run without a shell');

/** A regular expression with some named groups. */
function pattern(...groups: readonly string[]) {
  return text.superRefine((value, context) => {
    try {
      new RegExp(value.replaceAll(/\{[a-z]+\}/g, 'x'));
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'no regular expression' });
      return;
    }
    for (const group of groups) {
      if (value.includes(`(?<${group}>`)) continue;
      context.addIssue({ code: 'custom', message: `it needs a group (?<${group}>…)` });
    }
  });
}

const option = z.strictObject({
  help: text,
  flag: z.enum(['partition', 'time', 'account']).optional().describe('Of pretext study, which sets it as well'),
  argument: text.optional().describe('Added to the command that submits, with {value}'),
  arguments: z.array(text).optional().describe('As argument, where there are several'),
  required: z.boolean().default(false),
  default: text.optional(),
});

export const schedulerTemplate = z.strictObject({
  title: text,
  jobs: z
    .enum(['array', 'element'])
    .default('array')
    .describe('One job with numbered elements, or one for each element'),
  element: z
    .string()
    .regex(/^[A-Za-z_]\w*$/, 'the name of a variable')
    .describe('The environment variable that holds the index of an element'),
  firstIndex: z.int().min(0).max(1).default(0),
  fewest: z.int().min(1).default(1).describe('Minimum number of elements in a job array'),
  largestArray: z.strictObject({ command, pattern: pattern('size') }).optional(),
  hosts: z.boolean().default(false).describe('Whether elements are dealt out to the hosts of the option hosts'),
  stay: z.boolean().default(false).describe('Whether elements wait until all are done'),
  language: z.enum(['shell', 'yaml']).default('shell').describe('Of the script: how values are quoted in it'),
  command: command.optional().describe('The command that starts pretext on the nodes; by default the one used here'),
  workspace: text.optional().describe('Path of the workspace on the nodes; by default the path here'),
  options: z.record(z.string().regex(/^[a-zA-Z]+$/, 'letters alone'), option).default({}),
  script: text,
  submit: z.strictObject({ command, pattern: pattern('job') }),
  poll: z.array(z.strictObject({ command, line: pattern('state') })).min(1),
  states: z.strictObject({ waiting: z.array(text), running: z.array(text), failed: z.array(text) }),
  cancel: z.strictObject({ command }),
});
export type SchedulerTemplate = z.output<typeof schedulerTemplate>;

const common = ['name', 'study', 'folder', 'logs', 'count', 'parallel', 'grace', 'first', 'last'];
const ofJobs = ['job', 'host', 'first', 'last'];

/** Names that a place of a template may use, besides the options. */
const allowed = {
  script: [...common, 'work'],
  submit: [...common, 'script', 'options', 'host'],
  poll: ofJobs,
  cancel: ofJobs,
} as const;

/** Throws `LabError('bad-spec')` with every problem and its line. */
export function parseTemplate(content: string, file: string): SchedulerTemplate {
  const source = parseSpecText(content, file);
  const parsed = schedulerTemplate.safeParse(source.value);
  const problems = parsed.success
    ? problemsInText(parsed.data)
    : problemsOf(parsed.error, source.value, templateSchema());
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new LabError(
    'bad-spec',
    problems.map(({ path, message }) => `${source.locate(path)}: ${showPath(path)}: ${message}`).join('\n'),
    { file },
  );
}

function templateSchema(): JsonSchema {
  return z.toJSONSchema(schedulerTemplate, { io: 'input', unrepresentable: 'any' }) as JsonSchema; // the members that JsonSchema names are as in the standard
}

type Path = readonly (string | number)[];

/** What a schema cannot tell: whether the names in texts stand for something, and whether what is needed is there. */
function problemsInText({ script, submit, poll, cancel, options, hosts, jobs }: SchedulerTemplate) {
  const words = (path: Path, command: readonly string[], names: readonly string[]) =>
    command.map((word, index) => ({ path: [...path, index], word, names }));
  const places = [
    { path: ['script'] satisfies Path, word: script, names: allowed.script },
    ...words(['submit', 'command'], submit.command, allowed.submit),
    ...poll.flatMap((one, place) => words(['poll', place, 'command'], one.command, allowed.poll)),
    ...words(['cancel', 'command'], cancel.command, allowed.cancel),
  ];
  const unknown = places.flatMap(({ path, word, names }) => {
    const known = [...names, ...Object.keys(options)];
    const wrong = namesOf(word).filter((name) => !known.includes(name));
    return wrong.map((name) => ({
      path,
      message: `{${name}} is not a placeholder that is known here${hint(name, known)}`,
    }));
  });
  const needs: readonly { readonly path: Path; readonly good: boolean; readonly message: string }[] = [
    { path: ['script'], good: namesOf(script).includes('work'), message: 'it needs {work}, the work itself' },
    {
      path: ['submit', 'command'],
      good: namesOf(submit.command.join(' ')).includes('script'),
      message: 'it needs {script}',
    },
    {
      path: ['options'],
      good: !hosts || 'hosts' in options,
      message: "with 'hosts: true' there must be an option hosts",
    },
    ...poll.map(({ line }, place) => ({
      path: ['poll', place, 'line'],
      good: jobs === 'element' || line.includes('(?<index>'),
      message: 'it needs a group (?<index>…)',
    })),
  ];
  return [...unknown, ...needs.flatMap(({ path, good, message }) => (good ? [] : [{ path, message }]))];
}

/** Those that come with the lab. */
const builtIn: Readonly<Record<string, URL>> = {
  slurm: new URL('../../../../resources/schedulers/slurm.yaml', import.meta.url),
  pbs: new URL('../../../../resources/schedulers/pbs.yaml', import.meta.url),
  'grid-engine': new URL('../../../../resources/schedulers/grid-engine.yaml', import.meta.url),
  kubernetes: new URL('../../../../resources/schedulers/kubernetes.yaml', import.meta.url),
  ssh: new URL('../../../../resources/schedulers/ssh.yaml', import.meta.url),
};

const ownFolder = ({ folder }: Workspace): string => join(folder, 'schedulers');

/** The workspace's own ones, then those that come with the lab. */
export async function schedulerNames(workspace: Workspace): Promise<readonly string[]> {
  const own = (await namesIn(ownFolder(workspace))).flatMap((name) =>
    name.endsWith('.yaml') ? [name.slice(0, -5)] : [],
  );
  return [...new Set([...own.sort(), ...Object.keys(builtIn)])];
}

/** Throws `LabError('not-found' | 'bad-spec')`. */
export async function readScheduler(workspace: Workspace, name: string): Promise<SchedulerTemplate> {
  const names = await schedulerNames(workspace);
  if (!names.includes(name)) {
    throw new LabError(
      'not-found',
      `There is no scheduler '${name}'${hint(name, names)}. One of your own is a file ${ownFolder(workspace)}/NAME.yaml`,
    );
  }
  const file = join(ownFolder(workspace), `${name}.yaml`);
  const own = await textOf(file);
  if (own !== undefined) return parseTemplate(own, file);
  const path = fileURLToPath(builtIn[name] ?? '');
  return parseTemplate(await readFile(path, 'utf8'), path);
}
