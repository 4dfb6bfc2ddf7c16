/** `pretext pack node`: an archive for the nodes of a cluster that reach no network. */
import type { Command } from 'commander';
import { packNode } from '../node/pack-node.ts';
import { globalsOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { print, printJson, say } from './output.ts';

export function registerPack(pack: Command): void {
  pack
    .command('node')
    .description('an archive with Node, the packages of a run and the sources, for nodes without a network')
    .option('-o, --output <file>', 'where to write it', 'pretext-node.tar.gz')
    .action(async ({ output }: { readonly output: string }, command: Command) => {
      const packed = await interruptible('Stopping …', (signal) => packNode(output, signal));
      if (globalsOf(command).json) printJson(packed);
      else print(packed.file);
      say(
        `${Math.round(packed.bytes / 1e6)} MB. On a node: mkdir pretext && tar -xzf ${output} -C pretext, then pretext/bin/pretext`,
      );
    });
}
