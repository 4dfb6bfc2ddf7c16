import { messageOf } from '../../src/shared/errors.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import { wrongWith } from './wrong-with.ts';

export interface Operation {
  /** Says what it acknowledges. */
  readonly perform: (workspace: Workspace, say: (what: string) => void) => Promise<unknown>;
  /** What is there of it, so that it can be compared; what was acknowledged and is not there is told. */
  readonly outcome: (
    workspace: Workspace,
    said: readonly string[],
    tell: (problem: string) => void,
  ) => Promise<unknown>;
}

export interface Performed {
  /** What it acknowledged. */
  readonly said: readonly string[];
  readonly succeeded: boolean;
  /** What is there of an operation that nothing disturbed. */
  readonly expected: unknown;
}

/** What was acknowledged is there, what is there is whole, and the same thing done again comes to the end that is expected. */
export async function lookAfter(
  workspace: Workspace,
  operation: Operation,
  { said, succeeded, expected }: Performed,
  tell: (problem: string) => void,
): Promise<void> {
  try {
    for await (const wrong of wrongWith(workspace)) tell(wrong);
    const found = await operation.outcome(workspace, said, tell);
    if (succeeded && JSON.stringify(found) !== JSON.stringify(expected)) {
      tell(`it was said to be done, and there is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
    }
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    const saidAgain: string[] = [];
    await operation.perform(workspace, (what) => saidAgain.push(what));
    for await (const wrong of wrongWith(workspace)) tell(`done again, ${wrong}`);
    const again = await operation.outcome(workspace, saidAgain, tell);
    if (JSON.stringify(again) !== JSON.stringify(expected)) {
      tell(`done again, there is ${JSON.stringify(again)}, not ${JSON.stringify(expected)}`);
    }
  } catch (error) {
    tell(`afterwards: ${error instanceof Error ? error.stack : messageOf(error)}`);
  }
}
