/** The workspace and the machine. */
import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { workspaceContract } from '../../../shared/contract/workspace.ts';
import type { ChangedPart } from '../../../shared/contract/workspace.ts';
import type { Lab } from '../../lab/lab.ts';
import { gather } from '../../lab/events.ts';
import { folderBytes } from '../../lab/materials.ts';
import { listRecentWorkspaces } from '../../lab/recent.ts';
import { trashFolder } from '../../lab/trash.ts';
import { labVersion } from '../../files/version.ts';
import type { HandlersOf } from '../dispatcher.ts';

export function workspaceHandlers(lab: Lab): HandlersOf<typeof workspaceContract> {
  const { workspace, runs, materials, queue } = lab;
  return {
    info: () => {
      const { order, active, held, reason } = queue.state();
      const waiting = runs.all().filter(({ id, state }) => state === 'interrupted' && lab.interrupted.includes(id));
      return {
        folder: workspace.folder,
        lab: { version: labVersion(), host: lab.host },
        machine: {
          platform: `${process.platform} ${process.arch}`,
          processor: cpus()[0]?.model.trim() ?? 'unknown',
          threads: availableParallelism(),
          memoryBytes: totalmem(),
        },
        counts: {
          corpora: materials.list().filter(({ group }) => group === 'corpus').length,
          datasets: materials.list().filter(({ group }) => group === 'dataset').length,
          runs: runs.all().length,
          queued: order.length,
          running: active.length,
        },
        damaged: [...materials.damaged, ...runs.damaged].map(([folder, message]) => ({ folder, message })),
        notices: [
          ...(held && reason !== null ? [{ id: 'queue-held', severity: 'error' as const, message: reason }] : []),
          ...(lab.scanProblem === null
            ? []
            : [
                {
                  id: 'scan',
                  severity: 'error' as const,
                  message: `${lab.scanProblem}. What is shown is what was known before`,
                },
              ]),
          ...(waiting.length > 0
            ? [
                {
                  id: 'interrupted',
                  severity: 'warning' as const,
                  message: `${waiting.length === 1 ? `The run ${waiting[0]?.id} was` : `${waiting.length} runs were`} interrupted when the lab was last open. Resume to go on from the last checkpoint`,
                },
              ]
            : []),
        ],
      };
    },
    async disk() {
      const { bavail, bsize, blocks } = await statfs(workspace.folder);
      const parts = [
        { name: 'corpora' as const, bytes: await folderBytes(workspace.corpora) },
        { name: 'datasets' as const, bytes: await folderBytes(workspace.datasets) },
        { name: 'models' as const, bytes: await folderBytes(workspace.models) },
        { name: 'runs' as const, bytes: await folderBytes(workspace.runs) },
        { name: 'deleted' as const, bytes: await folderBytes(trashFolder(workspace)) },
        { name: 'other' as const, bytes: await folderBytes(join(workspace.folder, 'studies')) },
      ];
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, parts };
    },
    recent: () => listRecentWorkspaces(workspace.folder),
    engines: ({ diagnose }, { signal }) => lab.workers.call('engines', { diagnose }, { signal }),
    watch(_input, emit) {
      const parts = gather<ChangedPart>((changed) => {
        emit({ changed: [...new Set(changed)] });
      });
      const stop = lab.changes.on((part) => {
        parts.add(part);
      });
      return () => {
        stop();
        parts.stop();
      };
    },
  };
}
