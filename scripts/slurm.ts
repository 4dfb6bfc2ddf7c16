/**
 * A real Slurm on this machine, for tests: a controller and two nodes on loopback, started from Debian's packages without systemd, in
 * a folder of its own. The packages are installed where that is possible (by root, with apt).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { listProcesses, sendSignal, whenEnded, withDescendants, worksIn } from './processes.ts';

const packages = ['slurmctld', 'slurmd', 'slurm-client', 'munge'];
const programs = ['slurmctld', 'slurmd', 'sbatch', 'munged'];

/** Debian has daemons where the path of a user does not lead. */
const environment = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };

/** Why there can be no Slurm here; undefined where there can be. Installs what is missing. */
export function whyNoSlurm(): string | undefined {
  if (process.platform !== 'linux') return 'Slurm runs on Linux';
  if (process.getuid?.() !== 0) return 'only root can start the daemons of Slurm';
  if (programs.every(isThere)) return undefined;
  if (!isThere('apt-get')) return 'Slurm is not installed, and there is no apt-get to install it';
  process.stderr.write('Installing Slurm for its tests …\n');
  const apt = (...words: readonly string[]): boolean =>
    spawnSync('apt-get', words, {
      env: { ...environment, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: 'ignore',
      timeout: 300_000,
    }).status === 0;
  const install = (): boolean => apt('install', '-y', '--no-install-recommends', ...packages);
  if ((install() || (apt('update') && install())) && programs.every(isThere)) return undefined;
  return `Slurm is not installed, and apt-get could not install ${packages.join(', ')}`;
}

function isThere(program: string): boolean {
  return spawnSync('which', [program], { env: environment, stdio: 'ignore' }).status === 0;
}

export interface Slurm {
  /** What its commands need in their environment. */
  readonly configuration: string;
  /**
   * Ends the daemon of a node at once, as a power failure would, with all that runs under it. Returns how many processes of jobs went
   * with it.
   */
  killNode(node: 'n1' | 'n2'): number;
  startNode(node: 'n1' | 'n2'): void;
  /** What a command of Slurm says. */
  ask(...command: readonly [string, ...string[]]): string;
  /** Ends the daemons and all jobs; resolves when none of their processes is left, so that nothing writes into the folder any more. */
  stop(): Promise<void>;
}

/** Throws an error with the end of the controller's log. */
export async function startSlurm(folder: string): Promise<Slurm> {
  for (const part of ['state', 'log', 'spool-n1', 'spool-n2']) mkdirSync(join(folder, part), { recursive: true });
  await startMunge();
  const configuration = join(folder, 'slurm.conf');
  writeFileSync(configuration, configurationOf(folder));
  const env = { ...environment, SLURM_CONF: configuration };
  const run = (program: string, ...words: readonly string[]): string =>
    execFileSync(program, words, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const startNode = (node: string): void => {
    run('slurmd', '-N', node);
  };
  const log = (): string => readFileSync(join(folder, 'log', 'slurmctld.log'), 'utf8').slice(-2000);
  const stop = async (): Promise<void> => {
    const listed = listProcesses();
    const ours = listed.filter((one) => one.pid !== process.pid && worksIn(folder, one));
    for (const { pid, words } of ours) if (/^slurm(?:ctld|d)\b/.test(words)) sendSignal(pid, 'SIGTERM');
    // Jobs would be given as long as KillWait.
    const steps = new Set(ours.filter(({ words }) => isStep(words)).map(({ pid }) => pid));
    const jobs = withDescendants(listed, ({ pid }) => steps.has(pid));
    for (const pid of jobs) sendSignal(pid, 'SIGKILL');
    await whenEnded((one) => jobs.has(one.pid) || (one.words.includes('slurm') && worksIn(folder, one)));
  };
  run('slurmctld', '-c');
  for (const node of ['n1', 'n2']) startNode(node);
  for (let tries = 0; tries < 60; tries += 1) {
    const said = spawnSync('sinfo', ['--noheader', '--format=%T %D'], { env, encoding: 'utf8' });
    if (/^idle 2$/m.test(said.stdout)) {
      return {
        configuration,
        startNode,
        stop,
        ask: (program, ...words) => run(program, ...words),
        killNode(node) {
          // The steps of its jobs are processes of their own, which outlive the daemon but not the machine.
          sendSignal(Number(readFileSync(join(folder, `slurmd-${node}.pid`), 'utf8')), 'SIGKILL');
          const spool = join(folder, `spool-${node}`);
          const pids = withDescendants(listProcesses(), ({ pid, words }) => isJobOf(spool, node, pid, words));
          for (const pid of pids) sendSignal(pid, 'SIGKILL');
          return pids.size;
        },
      };
    }
    await wait(500);
  }
  const said = log();
  await stop();
  throw new Error(`Slurm does not start: ${said}`);
}

async function startMunge(): Promise<void> {
  const works = (): boolean => spawnSync('munge', ['--no-input'], { stdio: 'ignore' }).status === 0;
  if (works()) return;
  const key = '/etc/munge/munge.key';
  if (!existsSync(key)) writeFileSync(key, randomBytes(1024), { mode: 0o400 });
  for (const place of ['/run/munge', '/var/log/munge', '/var/lib/munge']) mkdirSync(place, { recursive: true });
  chmodSync('/run/munge', 0o755);
  execFileSync('chown', ['-R', 'munge:munge', key, '/run/munge', '/var/log/munge', '/var/lib/munge']);
  execFileSync('setpriv', ['--reuid=munge', '--regid=munge', '--clear-groups', '/usr/sbin/munged'], {
    stdio: 'ignore',
  });
  for (let tries = 0; tries < 20 && !works(); tries += 1) await wait(250);
  if (!works()) throw new Error('munge does not start: see /var/log/munge/munged.log');
}

function configurationOf(folder: string): string {
  const host = hostname();
  const node = (name: string, port: number): string =>
    `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${port} CPUs=1 RealMemory=2000`;
  return `${[
    'ClusterName=pretext',
    `SlurmctldHost=${host}(127.0.0.1)`,
    'SlurmctldPort=17817',
    'AuthType=auth/munge',
    'SlurmUser=root',
    `StateSaveLocation=${folder}/state`,
    `SlurmdSpoolDir=${folder}/spool-%n`,
    `SlurmctldPidFile=${folder}/slurmctld.pid`,
    `SlurmdPidFile=${folder}/slurmd-%n.pid`,
    `SlurmctldLogFile=${folder}/log/slurmctld.log`,
    `SlurmdLogFile=${folder}/log/slurmd-%n.log`,
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_Core',
    'ReturnToService=2',
    'MpiDefault=none',
    'AccountingStorageType=accounting_storage/none',
    'JobAcctGatherType=jobacct_gather/none',
    'SchedulerParameters=sched_min_interval=0,batch_sched_delay=0',
    'SlurmctldTimeout=10',
    'SlurmdTimeout=8',
    'KillWait=20',
    'MinJobAge=300',
    'MaxArraySize=16', // so that a study of more elements has to be several arrays
    node('n1', 17_901),
    node('n2', 17_902),
    'PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP',
  ].join('\n')}\n`;
}

const isStep = (words: string): boolean => /^(?:\S*\/)?slurmstepd\b/.test(words);

/** The daemons of jobs (slurmstepd) on a node, and the scripts in its spool. */
function isJobOf(spool: string, node: string, pid: number, words: string): boolean {
  return words.includes(spool) || (isStep(words) && environmentOf(pid).includes(`SLURMD_NODENAME=${node}`));
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}
