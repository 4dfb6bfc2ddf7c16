#!/usr/bin/env node
// The `pretext` command. Works with any Node from 20 on: the lab itself needs Node 24 (type stripping, node:sqlite), so
// an older Node hands over to the one that the `node` package brought along. One that is new enough runs the lab itself: to
// start another takes as long as all of `pretext --help`.
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const requiredNode = 24;
const packageFolder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** The program of the `node` package, in our node_modules or in that of the project we are installed in. */
function bundledNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  for (let folder = packageFolder; ; folder = path.dirname(folder)) {
    const program = path.join(folder, 'node_modules', 'node', 'bin', name);
    if (existsSync(program)) return program;
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** The sources in a checkout, so that a change needs no build; the built command line where only that is there. */
function commandLine() {
  const source = path.join(packageFolder, 'src', 'main', 'cli.ts');
  // Node strips no types below node_modules.
  const canRunSource = existsSync(source) && !packageFolder.split(path.sep).includes('node_modules');
  return canRunSource ? source : path.join(packageFolder, 'out', 'main', 'cli.js');
}

/** What the lab is made of is experimental in Node, which is no news to whoever uses it. */
function hushExperiments() {
  const emit = process.emitWarning.bind(process);
  process.emitWarning = (warning, ...rest) => {
    const [kind] = rest;
    const type = typeof kind === 'object' ? kind.type : kind;
    if (type !== 'ExperimentalWarning') emit(warning, ...rest);
  };
}

async function handOver(program, script) {
  const { spawn } = await import('node:child_process');
  const child = spawn(program, ['--disable-warning=ExperimentalWarning', script, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  // Ctrl-C reaches the child by itself (same terminal); it decides when to stop, and we stay until it has.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT') child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(`pretext: ${program}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('close', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}

const isNewEnough = Number(process.versions.node.split('.')[0]) >= requiredNode;
const program = isNewEnough ? process.execPath : bundledNode();
const script = commandLine();

if (program === undefined) {
  console.error(
    `pretext needs Node ${requiredNode}, this is ${process.version}: run 'npm install' in ${packageFolder}`,
  );
  process.exitCode = 1;
} else if (!existsSync(script)) {
  console.error(`pretext is not built: run 'npm run build' in ${packageFolder}`);
  process.exitCode = 1;
} else if (isNewEnough) {
  hushExperiments();
  await import(pathToFileURL(script).href);
} else {
  await handOver(program, script);
}
