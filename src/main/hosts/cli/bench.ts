/** `pretext bench`: the benchmarks of the checkout, in a process of their own. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { LabError } from '../../../shared/errors.ts';
import { packageFolder } from '../../files/version.ts';
import { globalsOf } from './globals.ts';

export function registerBench(bench: Command): void {
  bench
    .argument('[arguments...]', 'what bench/run.ts takes, e.g. masked-words')
    .allowUnknownOption()
    .action(async (args: string[], _options: object, command: Command) => {
      const script = join(packageFolder(), 'bench', 'run.ts');
      if (!existsSync(script)) {
        throw new LabError(
          'not-found',
          `There is no ${script}: benchmarks are part of the source checkout, not of a build`,
        );
      }
      const json = globalsOf(command).json ? ['--json'] : [];
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args, ...json], {
        stdio: 'inherit',
      });
      process.exitCode = await new Promise<number>((resolve, reject) => {
        child.on('error', reject).on('close', (code) => {
          resolve(code ?? 1);
        });
      });
    });
}
