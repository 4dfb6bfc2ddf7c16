/** A real SSH server on loopback, for tests: with a configuration, a port and keys of its own, for this user alone. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { whyMissing, withDaemons } from './debian-packages.ts';
import { freePorts } from './free-ports.ts';

/** Why there can be no server here; undefined where there can be. Installs what is missing. */
export function whyNoSshd(): string | undefined {
  if (process.platform !== 'linux') return 'the server is started as on Linux';
  return whyMissing('OpenSSH', ['sshd', 'ssh', 'ssh-keygen'], ['openssh-server', 'openssh-client']);
}

export interface SshServer {
  /** A folder with an `ssh` that reaches the server under each of the names of hosts. */
  readonly programs: string;
  stop(): Promise<void>;
}

/** Throws where it does not answer, with what was said. */
export async function startSshd(folder: string, hosts: readonly string[]): Promise<SshServer> {
  const at = (name: string): string => join(folder, name);
  for (const key of ['host_key', 'user_key']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(key)], { stdio: 'ignore' });
  }
  copyFileSync(at('user_key.pub'), at('authorized_keys'));
  chmodSync(at('authorized_keys'), 0o600);
  const [port = 0] = await freePorts(1);
  const settings = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${at('host_key')}`,
    `AuthorizedKeysFile ${at('authorized_keys')}`,
    `PidFile ${at('sshd.pid')}`,
    'StrictModes no', // the folder is a temporary one
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'UsePAM no',
  ];
  writeFileSync(at('sshd_config'), `${settings.join('\n')}\n`);
  const client = [
    `Host ${hosts.join(' ')}`,
    'HostName 127.0.0.1',
    `Port ${port}`,
    `User ${userInfo().username}`,
    `IdentityFile ${at('user_key')}`,
    'IdentitiesOnly yes',
    `UserKnownHostsFile ${at('known_hosts')}`,
    'StrictHostKeyChecking accept-new',
    'LogLevel ERROR',
  ];
  writeFileSync(at('ssh_config'), `${client.join('\n')}\n`);
  const programs = at('programs');
  mkdirSync(programs);
  const which = (program: string): string =>
    execFileSync('which', [program], { env: withDaemons, encoding: 'utf8' }).trim();
  writeFileSync(join(programs, 'ssh'), `#!/bin/sh\nexec ${which('ssh')} -F ${at('ssh_config')} "$@"\n`, {
    mode: 0o755,
  });
  // Of root the server demands the empty folder that its package makes where systemd does not.
  if (process.getuid?.() === 0 && !existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 });
  // It insists on its whole path.
  const server = spawn(which('sshd'), ['-D', '-e', '-f', at('sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  server.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const stop = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGTERM');
    await once(server, 'exit');
  };
  for (let tries = 0; tries < 60 && server.exitCode === null; tries += 1) {
    const asked = spawnSync(join(programs, 'ssh'), ['-o', 'BatchMode=yes', hosts[0] ?? '', 'true'], {
      encoding: 'utf8',
    });
    if (asked.status === 0) return { programs, stop };
    said += asked.stderr;
    await wait(250);
  }
  await stop();
  throw new Error(`sshd does not answer: ${said.slice(-2000)}`);
}
