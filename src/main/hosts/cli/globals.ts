/** Options that every command has. */
import type { Command } from 'commander';
import type { Workspace } from '../../workspace/workspace.ts';
import { openWorkspace } from '../../workspace/workspace.ts';

export interface Globals {
  readonly workspace?: string;
  readonly json?: boolean;
}

export function globalsOf(command: Command): Globals {
  return command.optsWithGlobals<Globals>();
}

export function workspaceOf(command: Command): Promise<Workspace> {
  return openWorkspace(globalsOf(command).workspace);
}

/** For commands that only look: a workspace that was named and is not there is a mistyped path. */
export function existingWorkspaceOf(command: Command): Promise<Workspace> {
  return openWorkspace(globalsOf(command).workspace, { mustExist: true });
}

/** For options that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
