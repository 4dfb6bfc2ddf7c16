import { checkWorkspace } from '../../src/main/training/check-workspace.ts';
import { listMaterials } from '../../src/main/workspace/catalogue.ts';
import { listRuns } from '../../src/main/workspace/runs.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';

/** Nothing half-made is shown, and what is shown is what was written. */
export async function* wrongWith(workspace: Workspace): AsyncIterable<string> {
  for await (const { path, state, problems } of checkWorkspace(workspace, new AbortController().signal)) {
    if (state === 'damaged') yield `${path} is damaged: ${problems.join('; ')}`;
    if (state === 'not verified') yield `${path} has no checksums`;
  }
  for (const folder of (await listRuns(workspace)).damaged) yield `${folder} is no run`;
  for (const group of ['corpus', 'dataset'] as const) {
    for (const folder of (await listMaterials(workspace, group)).damaged) yield `${folder} is no ${group}`;
  }
}
