/** The commands of the guide: each is one that the command line has, with options that it has; what needs no data is run. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/main/hosts/cli/index.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { parseSpecText, readSpecFile } from '../../../src/main/runs/spec-file.ts';
import { parseStudy } from '../../../src/main/runs/study-plan.ts';
import { planSweep } from '../../../src/main/runs/sweep-plan.ts';
import { pretextInProcess } from '../../cli/in-process.ts';

const root = path.resolve(import.meta.dirname, '../../..');
let guide: string;
let program: Command;

/** The blocks of a language. */
const blocks = (language: string): readonly string[] =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))].map(([, text = '']) => text);

/** The words of every `pretext` line, quotes taken off. */
const commandLines = (): readonly (readonly string[])[] =>
  blocks('sh')
    .flatMap((block) => block.split('\n'))
    .filter((line) => line.startsWith('pretext '))
    .map((line) =>
      [...line.slice('pretext '.length).matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word),
    );

function problemOf(words: readonly string[]): string | undefined {
  let command = program;
  let place = 0;
  for (; place < words.length; place += 1) {
    const inner = command.commands.find((one) => one.name() === words[place]);
    if (!inner) break;
    command = inner;
  }
  if (command === program) return `there is no command ${words[0] ?? ''}`;
  const known = [...command.options, ...program.options];
  const rest = words.slice(place);
  const flags = rest.filter((word) => /^--?[a-z]/.test(word));
  const unknown = flags.filter((flag) => !known.some(({ short, long }) => flag === short || flag === long));
  if (unknown.length > 0) return `${command.name()} has no ${unknown.join(', ')}`;
  const missing = rest.filter((word) => word.startsWith('resources/') && !existsSync(path.join(root, word)));
  return missing.length > 0 ? `there is no ${missing.join(', ')}` : undefined;
}

beforeAll(async () => {
  guide = await readFile(path.join(root, 'docs/guide.md'), 'utf8');
  program = await createProgram(() => true);
});

describe('the guide', () => {
  it('names commands, options and files that there are', () => {
    const lines = commandLines();
    expect(lines.length).toBeGreaterThan(30);
    expect(lines.flatMap((words) => problemOf(words) ?? [])).toEqual([]);
    expect(problemOf(['run', 'x.yaml', '--not-there'])).toBe('run has no --not-there');
  });

  it('has commands that work', async () => {
    for (const words of commandLines().filter(([name]) => name === 'pipeline')) {
      expect(await pretextInProcess(...words), words.join(' ')).toMatchObject({ code: 0 });
    }
  });

  it('shows experiments and refers to examples that are valid', async () => {
    for (const text of blocks('yaml')) expect(parseExperiment(parseSpecText(text, 'guide.md')).name).toBeTruthy();
    for (const [name, file = ''] of commandLines().filter((words) => words[1]?.startsWith('resources/'))) {
      const source = await readSpecFile(path.join(root, file));
      if (name === 'sweep') {
        expect(planSweep(source).name).toBeTruthy();
        continue;
      }
      const isStudy = typeof source.value === 'object' && source.value !== null && 'experiment' in source.value;
      expect(isStudy, `${name} ${file}`).toBe(name === 'study');
      expect((isStudy ? parseStudy(source) : parseExperiment(source)).name).toBeTruthy();
    }
  });

  it('shows pictures that there are', () => {
    const pictures = [...guide.matchAll(/(?:src|srcset)="([^"]+)"/g)].map(([, picture = '']) => picture);
    expect(pictures.filter((picture) => !existsSync(path.join(root, 'docs', picture)))).toEqual([]);
  });
});
