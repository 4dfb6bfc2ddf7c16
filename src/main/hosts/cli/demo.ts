/**
 * `pretext demo [name]`: the main job on real data, as the commands that a person would type. The workspace it leaves behind can be
 * opened with any `pretext` command, and in the lab.
 */
import { Argument } from 'commander';
import type { Command } from 'commander';
import type { Demo, RunCommandLine } from './demos/commands.ts';
import { createDemoWorkspace } from './demos/commands.ts';
import { workspaceOf } from './globals.ts';
import { print } from './output.ts';

const demos = {
  text: async () => (await import('./demos/text.ts')).textDemo,
  images: async () => (await import('./demos/images.ts')).imageDemo,
  sequences: async () => (await import('./demos/sequences.ts')).sequencesDemo,
  labels: async () => (await import('./demos/labels.ts')).labelsDemo,
  tags: async () => (await import('./demos/tags.ts')).tagsDemo,
  genes: async () => (await import('./demos/genes.ts')).genesDemo,
  speech: async () => (await import('./demos/speech.ts')).speechDemo,
} satisfies Record<string, () => Promise<Demo>>;

/** @param run what runs the commands of a demo */
export function registerDemo(demo: Command, run: RunCommandLine): void {
  demo
    .addArgument(new Argument('[name]', 'what it is about').choices(Object.keys(demos)).default('text'))
    .option('--quick', 'a short version, to see what it does')
    .action(async (name: keyof typeof demos, { quick = false }: { quick?: boolean }, command: Command) => {
      const started = performance.now();
      const { folder } = await workspaceOf(command);
      const play = await demos[name]();
      await play(await createDemoWorkspace(folder, run), { quick });
      const seconds = Math.round((performance.now() - started) / 1000);
      print(`\nDone in ${Math.floor(seconds / 60)} min ${seconds % 60} s. Everything is in the workspace ${folder}`);
    });
}
