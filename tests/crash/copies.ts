import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';

export interface Copies extends AsyncDisposable {
  /** A copy of its own, with nothing beside it in its folder. */
  fresh(): Promise<Workspace>;
  /** Where there is nothing yet, for a workspace that is made otherwise. */
  place(): string;
  drop(workspace: Workspace): Promise<void>;
}

/** Of a workspace, to do something to; gone when they are disposed of. */
export async function copiesOf(prepared: Workspace): Promise<Copies> {
  const scratch = await mkdtemp(join(tmpdir(), 'pretext-faults-'));
  let copies = 0;
  const place = (): string => join(scratch, String((copies += 1)), 'workspace');
  return {
    place,
    async fresh() {
      const folder = place();
      await cp(prepared.folder, folder, { recursive: true });
      return openWorkspace(folder);
    },
    drop: ({ folder }) => rm(join(folder, '..'), { recursive: true, force: true }),
    [Symbol.asyncDispose]: () => rm(scratch, { recursive: true, force: true }),
  };
}

/** Some of them, evenly spread; all where there are no more. */
export function spread(numbers: readonly number[], most: number, shift = 0): readonly number[] {
  if (numbers.length <= most) return numbers;
  const apart = numbers.length / most;
  return Array.from({ length: most }, (_, index) => numbers[Math.floor((index + shift) * apart)] ?? 0);
}

/** A part of the work: every `count`th of what there is to try, from the `index`th on, which counts from 0. */
export interface Part {
  readonly index: number;
  readonly count: number;
}

/** What belongs to a part; the parts together are all, and no two have the same. */
export function partOf(numbers: readonly number[], { index, count }: Part): readonly number[] {
  return numbers.filter((_, place) => place % count === index);
}
