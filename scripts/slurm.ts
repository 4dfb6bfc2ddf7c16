/**
 * A real Slurm on this machine, for tests: a controller and two nodes on loopback, started from Debian's packages without systemd, in
 * a folder of its own. The packages are installed where that is possible (by root, with apt).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { whyMissing, withDaemons } from './debian-packages.ts';
import { freePorts } from './free-ports.ts';
import type { ListedProcess } from './processes.ts';
import { listProcesses, sendSignal, whenEnded, withDescendants, worksIn } from './processes.ts';

const packages = ['slurmctld', 'slurmd', 'slurm-client', 'munge'];
const programs = ['slurmctld', 'slurmd', 'sbatch', 'munged'];

/** Why there can be no Slurm here; undefined where there can be. Installs what is missing. */
export function whyNoSlurm(): string | undefined {
  if (process.platform !== 'linux') return 'Slurm runs on Linux';
  if (process.getuid?.() !== 0) return 'only root can start the daemons of Slurm';
  return whyMissing('Slurm', programs, packages);
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
  /** The ends of the logs of its daemons. */
  logs(): string;
  /** Ends the daemons and all jobs; resolves when none of their processes is left, so that nothing writes into the folder any more. */
  stop(): Promise<void>;
}

/** Throws an error with the end of the controller's log. */
export async function startSlurm(folder: string): Promise<Slurm> {
  for (const part of ['state', 'log', 'spool-n1', 'spool-n2']) mkdirSync(join(folder, part), { recursive: true });
  const socket = startMunge(folder);
  const configuration = join(folder, 'slurm.conf');
  writeFileSync(configuration, configurationOf(folder, socket, await freePorts(3)));
  const env = { ...withDaemons, SLURM_CONF: configuration };
  const run = (program: string, ...words: readonly string[]): string =>
    execFileSync(program, words, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const startNode = (node: string): void => {
    run('slurmd', '-N', node);
  };
  const log = (name: string): string => readFileSync(join(folder, 'log', `${name}.log`), 'utf8').slice(-4000);
  const stop = async (): Promise<void> => {
    const listed = listProcesses();
    const ours = listed.filter((one) => one.pid !== process.pid && worksIn(folder, one));
    const isDaemon = ({ words }: ListedProcess): boolean => /^(?:\S*\/)?(?:slurm(?:ctld|d)|munged)\b/.test(words);
    for (const { pid } of ours.filter(isDaemon)) sendSignal(pid, 'SIGTERM');
    // Jobs would be given as long as KillWait.
    const steps = new Set(ours.filter(({ words }) => isStep(words)).map(({ pid }) => pid));
    const jobs = withDescendants(listed, ({ pid }) => steps.has(pid));
    for (const pid of jobs) sendSignal(pid, 'SIGKILL');
    const isSlurm = (one: ListedProcess): boolean => /slurm|munged/.test(one.words) && worksIn(folder, one);
    await whenEnded((one) => jobs.has(one.pid) || isSlurm(one));
  };
  try {
    run('slurmctld', '-c');
    for (const node of ['n1', 'n2']) startNode(node);
  } catch (error) {
    await stop();
    throw error;
  }
  for (let tries = 0; tries < 60; tries += 1) {
    const said = spawnSync('sinfo', ['--noheader', '--format=%T %D'], { env, encoding: 'utf8' });
    if (/^idle 2$/m.test(said.stdout)) {
      return {
        configuration,
        startNode,
        stop,
        logs: () => ['slurmctld', 'slurmd-n1', 'slurmd-n2'].map((name) => `${name}:\n${log(name)}`).join('\n'),
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
  const said = log('slurmctld');
  await stop();
  throw new Error(`Slurm does not start: ${said}`);
}

/** By which the daemons trust each other: one of this Slurm alone, with a key of its own. Returns its socket. */
function startMunge(folder: string): string {
  chmodSync(folder, 0o711); // it serves whoever can reach its socket, and insists on that
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('munge.key'), randomBytes(1024), { mode: 0o400 });
  const socket = at('munge.socket');
  const places = { socket, 'key-file': at('munge.key'), 'pid-file': at('munged.pid'), 'seed-file': at('munge.seed') };
  const words = Object.entries({ ...places, 'log-file': at('log/munged.log') }).map(
    ([name, path]) => `--${name}=${path}`,
  );
  const { status, stderr } = spawnSync('munged', words, { env: withDaemons, encoding: 'utf8' });
  if (status !== 0) throw new Error(`munge does not start: ${stderr.trim()}`);
  return socket;
}

function configurationOf(folder: string, munge: string, ports: readonly number[]): string {
  const host = hostname();
  const [controller, ...nodes] = ports;
  const node = (name: string, port = 0): string =>
    `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${port} CPUs=1 RealMemory=2000`;
  return `${[
    'ClusterName=pretext',
    `SlurmctldHost=${host}(127.0.0.1)`,
    `SlurmctldPort=${controller}`,
    'AuthType=auth/munge',
    `AuthInfo=socket=${munge}`,
    'CredType=cred/munge',
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
    node('n1', nodes[0]),
    node('n2', nodes[1]),
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
