// bin/pretext.js, started the way npm starts it, in a package folder made for the purpose.
import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const command = path.resolve(import.meta.dirname, '../../../bin/pretext.js');

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'pretext-command-')));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A package with the command and the files given; returns the command's path. */
function makePackage(root: string, files: Readonly<Record<string, string>>): string {
  for (const [name, content] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), content);
  }
  mkdirSync(path.join(root, 'bin'));
  cpSync(command, path.join(root, 'bin', 'pretext.js'));
  return path.join(root, 'bin', 'pretext.js');
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

async function ended(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Ended> {
  const [output, errors, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ]);
  return { code, output, errors };
}

function start(script: string, ...values: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [script, ...values], { stdio: ['ignore', 'pipe', 'pipe'] });
}

const echo = `console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 3;`;

describe('the pretext command', () => {
  it('runs the sources of a checkout, with the arguments as they are and the exit code it gets', async () => {
    const script = makePackage(folder, {
      'src/main/cli.ts': `const which: string = 'sources'; console.log(which); ${echo}`,
      'out/main/cli.js': `console.log('built'); ${echo}`,
    });
    const { code, output } = await ended(start(script, 'predict', 'two words', '--json', '$HOME'));
    expect(output).toBe('sources\n["predict","two words","--json","$HOME"]\n');
    expect(code).toBe(3);
  });

  it('runs what was built when it is installed, because Node strips no types there', async () => {
    const script = makePackage(path.join(folder, 'node_modules', 'pretext-lab'), {
      'src/main/cli.ts': `const which: string = 'sources'; console.log(which);`,
      'out/main/cli.js': `console.log('built');`,
    });
    expect(await ended(start(script))).toEqual({ code: 0, output: 'built\n', errors: '' });
  });

  it('says nothing of what is experimental in Node, and other warnings', async () => {
    const script = makePackage(folder, {
      'src/main/cli.ts': `
        await import('node:sqlite');
        process.emitWarning('new', 'ExperimentalWarning');
        process.emitWarning('newer', { type: 'ExperimentalWarning' });
        process.emitWarning('beware');`,
    });
    const { code, errors } = await ended(start(script));
    expect([code, errors.match(/Warning/g)]).toEqual([0, ['Warning']]);
    expect(errors).toContain('beware');
  });

  it('says what to do when nothing is built', async () => {
    const { code, output, errors } = await ended(start(makePackage(folder, {}), 'runs'));
    expect(code).toBe(1);
    expect(output).toBe('');
    expect(errors).toBe(`pretext is not built: run 'npm run build' in ${folder}\n`);
  });

  it('passes a request to end on, and waits for the lab to stop', async () => {
    const script = makePackage(folder, {
      'src/main/cli.ts': `
        process.on('SIGTERM', () => { console.log('stopped at a checkpoint'); process.exit(130); });
        console.log('running');
        setInterval(() => undefined, 1000);`,
    });
    const child = start(script);
    child.stdout.once('data', () => child.kill('SIGTERM'));
    expect(await ended(child)).toMatchObject({ code: 130, output: 'running\nstopped at a checkpoint\n' });
  });

  it('reports a lab that was killed as a shell would', async () => {
    const script = makePackage(folder, { 'src/main/cli.ts': `process.kill(process.pid, 'SIGKILL');` });
    const child = start(script);
    await ended(child);
    expect(child.signalCode).toBe('SIGKILL');
  });
});
