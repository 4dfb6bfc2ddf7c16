// Templates of schedulers: those that come with the lab run against stand-ins for their commands, and faulty ones are explained.
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cancelClusterStudy, readClusterStudy } from '../../../src/main/runs/cluster/cluster-study.ts';
import { parseTemplate, readScheduler, schedulerNames } from '../../../src/main/runs/cluster/scheduler-template.ts';
import { submitStudy } from '../../../src/main/runs/cluster/submit.ts';
import type { SubmitOptions } from '../../../src/main/runs/cluster/submit.ts';
import { fill, quoteForShell } from '../../../src/main/runs/cluster/template-text.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { parseStudy } from '../../../src/main/runs/study-plan.ts';
import type { Workspace } from '../../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';
import { animalsStudy, createStudyWorkspace } from '../../tiny-study.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';

let tiny: TinyWorkspace;
let programs: string;

beforeAll(async () => {
  tiny = await createStudyWorkspace();
  programs = join(tiny.folder, 'programs');
  await mkdir(programs);
});
afterAll(() => tiny.remove());

/** A program on the path that notes how it was called, and says what a script makes of it. */
async function standIn(name: string, script: string): Promise<void> {
  const file = join(programs, name);
  await writeFile(
    file,
    `#!/bin/sh\nprintf '%s' "${name}" >>"${programs}/calls"\nfor word in "$@"; do printf '\\t%s' "$word" >>"${programs}/calls"; done\necho >>"${programs}/calls"\n${script}\n`,
  );
  await chmod(file, 0o755);
}

async function calls(): Promise<readonly (readonly string[])[]> {
  const text = await readFile(join(programs, 'calls'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
}

let copies = 0;
async function workspaceOf(): Promise<Workspace> {
  vi.stubEnv('PATH', `${programs}:${process.env.PATH ?? ''}`);
  await rm(join(programs, 'calls'), { force: true });
  const folder = join(tiny.folder, `with space ${copies++}`);
  await cp(tiny.workspace.folder, folder, { recursive: true });
  return openWorkspace(folder);
}

function submit(workspace: Workspace, options: SubmitOptions) {
  const source = parseSpecText(animalsStudy('grid', [1]), 'study.yaml');
  return submitStudy(workspace, parseStudy(source), source, options);
}

/** What its script does when it is run as the element `number`, with pretext replaced by a program that notes its arguments. */
async function runScript(workspace: Workspace, variable: string, number: number, words: readonly string[] = []) {
  const script = join(workspace.folder, 'studies', 'grid.work', 'job-0.sh');
  await standIn('pretext-here', 'exit "${CODE:-0}"');
  return promisify(execFile)('sh', [script, ...words], { env: { ...process.env, [variable]: String(number) } }).then(
    () => 0,
    (error: unknown) => (error as { readonly code: number }).code, // of execFile
  );
}

describe.runIf(process.platform !== 'win32')('a scheduler by its template', () => {
  it('Slurm: an array with the options given, states from squeue and scontrol, scancel', async () => {
    await standIn(
      'scontrol',
      'case "$1" in show) echo "MaxArraySize = 1001";; *) echo "JobId=71 ArrayTaskId=1 JobState=COMPLETED";; esac',
    );
    await standIn('sbatch', 'echo "71;cluster"');
    await standIn('squeue', "printf '0|RUNNING|n7|None\\n2|PENDING||Priority\\n'");
    await standIn('sacct', 'echo "Slurm accounting storage is disabled" >&2; exit 1');
    await standIn('scancel', '');
    const workspace = await workspaceOf();
    const { submission } = await submit(workspace, {
      scheduler: 'slurm',
      options: { partition: 'short', time: '1:00:00', qos: 'high' },
      parallel: 2,
      runsPerJob: 1,
      command: ['pretext-here'],
    });
    const sbatch = (await calls()).find(([program]) => program === 'sbatch');
    expect(sbatch).toEqual(
      expect.arrayContaining([
        '--parsable',
        '--array=0-3%2',
        '--requeue',
        '--signal=B:USR1@60',
        '--partition=short',
        '--time=1:00:00',
        '--qos=high',
      ]),
    );
    expect(submission?.jobs).toEqual([{ job: '71', first: 0, last: 3, offset: 0, host: '' }]);
    const { jobs } = (await readClusterStudy(workspace, 'grid'))!;
    expect(jobs).toMatchObject({
      problem: null,
      elements: [
        { element: 0, state: 'running', node: 'n7' },
        { element: 1, state: 'ended', word: 'COMPLETED' },
        { element: 2, state: 'waiting' },
        { element: 3, state: 'ended' },
      ],
    });
    await cancelClusterStudy(workspace, 'grid');
    expect((await calls()).at(-1)).toEqual(['scancel', '71']);
    expect(await runScript(workspace, 'SLURM_ARRAY_TASK_ID', 3)).toBe(0);
    expect((await calls()).at(-1)).toEqual([
      ...['pretext-here', 'work', '--study', join(workspace.folder, 'studies', 'grid.work')],
      ...['--index', '3', '--count', '4'],
    ]);
    // There is more to do: it puts itself back.
    vi.stubEnv('CODE', '75');
    vi.stubEnv('SLURM_JOB_ID', '74');
    expect(await runScript(workspace, 'SLURM_ARRAY_TASK_ID', 0)).toBe(75);
    expect((await calls()).at(-1)).toEqual(['scontrol', 'requeue', '74']);
  });

  it('Slurm: says what it says when it does not take the study, and leaves none of several arrays', async () => {
    await standIn('scontrol', 'echo "MaxArraySize = 3"');
    await standIn(
      'sbatch',
      'case "$*" in *-1*0-1*) ;; esac; if [ -e "$0.once" ]; then echo "sbatch: error: AssocMaxSubmitJobLimit" >&2; exit 1; fi; touch "$0.once"; echo 80',
    );
    await standIn('scancel', '');
    const workspace = await workspaceOf();
    await expect(submit(workspace, { scheduler: 'slurm', runsPerJob: 1 })).rejects.toThrow(
      'Slurm did not take the study: sbatch: error: AssocMaxSubmitJobLimit',
    );
    expect((await calls()).at(-1)).toEqual(['scancel', '80']);
    expect(await readClusterStudy(workspace, 'grid')).toMatchObject({ submission: undefined });
  });

  it('PBS: an array of two or more, states by letters, qdel', async () => {
    await standIn('qmgr', 'echo "    max_array_size = 10000"');
    await standIn('qsub', 'echo "12[].server"');
    await standIn(
      'qstat',
      "printf 'Job id  Name User Time S Queue\\n12[].server a u 0 B q\\n12[0].server a u 0 R q\\n12[1].server a u 0 Q q\\n'",
    );
    await standIn('qdel', '');
    const workspace = await workspaceOf();
    await submit(workspace, {
      scheduler: 'pbs',
      options: { partition: 'q', select: '1:ncpus=2' },
      command: ['pretext-here'],
    });
    const qsub = (await calls()).find(([program]) => program === 'qsub') ?? [];
    expect(qsub.join(' ')).toContain('-J 0-1%2 -r y');
    expect(qsub.join(' ')).toContain('-q q -l select=1:ncpus=2');
    expect((await readClusterStudy(workspace, 'grid'))?.jobs.elements.map(({ state }) => state)).toEqual([
      'running',
      'waiting',
    ]);
    await cancelClusterStudy(workspace, 'grid');
    expect((await calls()).at(-1)).toEqual(['qdel', '12[].server']);
    expect(await runScript(workspace, 'PBS_ARRAY_INDEX', 1)).toBe(0);
    expect((await calls()).at(-1)?.slice(-4)).toEqual(['--index', '1', '--count', '2']);
  });

  it('Grid Engine: tasks from 1, and 99 to be put back', async () => {
    await standIn('qconf', "printf 'max_aj_instances 2000\\nmax_aj_tasks 75000\\n'");
    await standIn('qsub', 'echo "31.1-4:1"');
    await standIn(
      'qstat',
      "printf '     31 0.55 pretext u r 11/29/2026 10:00:00 all.q@node1 1 1\\n     31 0.55 pretext u qw 11/29/2026 10:00:00 1 2\\n     32 0.5 other u r 11/29/2026 10:00:00 all.q@node1 1 3\\n'",
    );
    await standIn('qdel', '');
    const workspace = await workspaceOf();
    await submit(workspace, { scheduler: 'grid-engine', runsPerJob: 1, parallel: 3, command: ['pretext-here'] });
    expect((await calls()).find(([program]) => program === 'qsub')?.join(' ')).toContain('-t 1-4 -tc 3');
    expect((await readClusterStudy(workspace, 'grid'))?.jobs.elements.map(({ state }) => state)).toEqual([
      'running',
      'waiting',
      'ended',
      'ended',
    ]);
    vi.stubEnv('CODE', '75');
    expect(await runScript(workspace, 'SGE_TASK_ID', 4)).toBe(99);
    expect((await calls()).at(-1)?.slice(-4)).toEqual(['--index', '3', '--count', '4']);
    await cancelClusterStudy(workspace, 'grid');
    expect((await calls()).at(-1)).toEqual(['qdel', '31']);
  });

  it('Kubernetes: an Indexed Job as a manifest that is valid YAML', async () => {
    await standIn(
      'kubectl',
      'case "$1" in create) echo job.batch/pretext-grid-x;; get) printf "0 Failed n1\\n0 Running n2\\n1 Pending <none>\\n";; esac',
    );
    const workspace = await workspaceOf();
    await expect(submit(workspace, { scheduler: 'kubernetes', options: { image: 'lab:1' } })).rejects.toThrow(
      'kubernetes needs --option claim=…: PersistentVolumeClaim',
    );
    await submit(workspace, {
      scheduler: 'kubernetes',
      options: { image: 'lab:1', claim: 'shared', cpus: '2' },
      runsPerJob: 1,
    });
    const text = await readFile(join(workspace.folder, 'studies', 'grid.work', 'job-0.yaml'), 'utf8');
    const manifest = parseSpecText(text, 'job.yaml').value as {
      readonly spec: {
        readonly completions: number;
        readonly template: {
          readonly spec: { readonly containers: readonly [{ readonly command: readonly string[] }] };
        };
      };
    };
    expect(manifest).toMatchObject({
      kind: 'Job',
      spec: {
        completionMode: 'Indexed',
        completions: 4,
        parallelism: 4,
        template: { spec: { volumes: [{ persistentVolumeClaim: { claimName: 'shared' } }] } },
      },
    });
    const [container] = manifest.spec.template.spec.containers;
    expect(container.command[2]).toContain(
      'pretext work --study /workspace/studies/grid.work --index "$element" --count 4',
    );
    expect((await readClusterStudy(workspace, 'grid'))?.jobs.elements.map(({ state }) => state)).toEqual([
      'running',
      'waiting',
      'ended',
      'ended',
    ]);
    await cancelClusterStudy(workspace, 'grid');
    expect((await calls()).at(-1)?.slice(0, 3)).toEqual(['kubectl', 'delete', 'job']);
  });

  it('SSH: an element for each host, which goes on without the connection, is asked about and stopped', async () => {
    // What another host's shell would do, done by this one.
    await standIn('ssh', 'while [ $# -gt 1 ]; do shift; done; exec sh -c "$1"');
    await standIn('pretext-here', `trap 'exit 75' TERM; sleep 60 & wait`);
    const workspace = await workspaceOf();
    const { submission } = await submit(workspace, {
      scheduler: 'ssh',
      options: { hosts: 'one,two' },
      command: [join(programs, 'pretext-here')],
    });
    expect(submission?.jobs.map(({ host, first }) => [host, first])).toEqual([
      ['one', 0],
      ['two', 1],
    ]);
    expect((await calls()).filter(([program]) => program === 'ssh').map((words) => words[3])).toEqual(['one', 'two']);
    const states = async () => (await readClusterStudy(workspace, 'grid'))?.jobs.elements.map(({ state }) => state);
    expect(await states()).toEqual(['running', 'running']);
    const asked = async () =>
      (await calls()).flatMap(([program, ...words]) => (program?.startsWith('pretext') === true ? [words] : []));
    await expect
      .poll(async () => (await asked()).map((words) => words.slice(-5)).toSorted())
      .toEqual([
        ['--index', '0', '--count', '2', '--stay'],
        ['--index', '1', '--count', '2', '--stay'],
      ]);
    await cancelClusterStudy(workspace, 'grid');
    await expect.poll(states).toEqual(['ended', 'ended']);
    expect(await readdir(join(workspace.folder, 'studies', 'grid.work', 'logs'))).toEqual(['0.log', '1.log']);
  });

  it('that is not there says so, and one that does not answer is not taken for one without the jobs', async () => {
    const workspace = await workspaceOf();
    vi.stubEnv('PATH', '/nowhere');
    await expect(submit(workspace, { scheduler: 'slurm' })).rejects.toThrow(
      "There is no program 'scontrol' on this computer",
    );
    await expect(submit(workspace, { scheduler: 'slrum' })).rejects.toThrow(
      "There is no scheduler 'slrum'. Did you mean 'slurm'?",
    );
    await expect(submit(workspace, { scheduler: 'slurm', options: { partitoin: 'x' } })).rejects.toThrow(
      "slurm has no option 'partitoin'. Did you mean 'partition'?",
    );
    await expect(submit(workspace, { scheduler: 'slurm', options: { qos: '$(reboot)' } })).rejects.toThrow(
      '--option qos=$(reboot)',
    );
    await standIn('scontrol', 'echo "MaxArraySize = 1001"');
    await standIn('sbatch', 'echo 5');
    vi.stubEnv('PATH', `${programs}:/usr/bin:/bin`);
    await submit(workspace, { scheduler: 'slurm', runsPerJob: 1 });
    for (const name of ['squeue', 'sacct', 'scontrol']) {
      await standIn(name, 'echo "Unable to contact slurm controller" >&2; exit 1');
    }
    const { jobs } = (await readClusterStudy(workspace, 'grid'))!;
    expect(jobs.problem).toContain('Unable to contact slurm controller');
    expect(jobs.elements[0]?.state).toBe('waiting');
  });
});

describe('a template', () => {
  it('of the lab can be read, and one in the workspace stands before it', async () => {
    const workspace = await workspaceOf();
    for (const name of await schedulerNames(workspace)) {
      expect((await readScheduler(workspace, name)).title).not.toBe('');
    }
    const own = join(workspace.folder, 'schedulers');
    await mkdir(own);
    const text = await readFile(new URL('../../../resources/schedulers/slurm.yaml', import.meta.url), 'utf8');
    await writeFile(join(own, 'slurm.yaml'), text.replace('title: Slurm', 'title: Our Slurm'));
    expect((await readScheduler(workspace, 'slurm')).title).toBe('Our Slurm');
  });

  it.each([
    ['title: Slurm', 'titel: Slurm', /bad\.yaml:\d+: titel: unknown option.*Did you mean 'title'/],
    [
      '{script}',
      '{skript}',
      /bad\.yaml:\d+: submit\.command\[\d+\]: \{skript\} is not a placeholder that is known here. Did you mean 'script'\?/,
    ],
    ['\n  {work}', '\n  sleep 1', /script: it needs \{work\}, the work itself/],
    ["'^(?<job>\\d+)'", "'^(\\d+)'", /submit\.pattern: it needs a group \(\?<job>…\)/],
    ["'^(?<job>\\d+)'", "'^(?<job>\\d+'", /submit\.pattern: Invalid regular expression/],
    ['element: SLURM_ARRAY_TASK_ID', 'element: $SLURM', /bad\.yaml:\d+: element: .*the name of a variable/],
    ['(?<index>\\d+)\\|', '\\d+\\|', /poll\[0\]\.line: it needs a group \(\?<index>…\)/],
  ])('with %s replaced by %s is explained with its line', async (from, to, message) => {
    const text = await readFile(new URL('../../../resources/schedulers/slurm.yaml', import.meta.url), 'utf8');
    expect(text).toContain(from);
    expect(() => parseTemplate(text.replace(from, to), 'bad.yaml')).toThrow(message);
  });

  it('leaves variables of the shell alone, and quotes what it fills in', () => {
    expect(fill('${HOME} {a} {{b}} $c', { a: "it's" }, quoteForShell)).toBe(`\${HOME} 'it'\\''s' {b} $c`);
    expect(() => fill('{c}', { a: 1 })).toThrow('{c} is not a placeholder that is known here');
  });
});
