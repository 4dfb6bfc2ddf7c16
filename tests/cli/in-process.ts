/** A command in the test's own process: the same as in one of its own, without the second that a start takes. */
import { vi } from 'vitest';
import { runCommandLine } from '../../src/main/hosts/cli/index.ts';

export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What it prints is caught; folders and environment are those of the test. */
export async function pretextInProcess(...args: readonly string[]): Promise<Answer> {
  let [out, err] = ['', ''];
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => (out += String(text)) !== ''),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => (err += String(text)) !== ''),
  ];
  try {
    return { code: await runCommandLine(args), out, err };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = undefined; // the command's, not the test's
  }
}
