/**
 * The lab's side of its workers. One worker answers pages and goes when nobody has asked for a while; a long task has a worker of
 * its own, so that it neither delays answers nor leaves memory behind.
 */
import { LabError } from '../../shared/errors.ts';
import type { Connection } from '../../shared/rpc/connection.ts';
import { connect } from '../../shared/rpc/connection.ts';
import { protocolVersion } from '../../shared/contract/index.ts';
import type { ProcessHost, WorkerProcess } from './process-host.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { WorkMethods } from '../work/methods.ts';
import type { WorkProgress } from '../work/work-context.ts';

type Input<Name extends keyof WorkMethods> = Parameters<WorkMethods[Name]>[1];
type Output<Name extends keyof WorkMethods> = Awaited<ReturnType<WorkMethods[Name]>>;

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: WorkProgress) => void;
}

export interface WorkerPool {
  /** By the worker that all pages share. */
  call<Name extends keyof WorkMethods>(name: Name, input: Input<Name>, options?: CallOptions): Promise<Output<Name>>;
  /** By a worker of its own. */
  callAlone<Name extends keyof WorkMethods>(
    name: Name,
    input: Input<Name>,
    options?: CallOptions,
  ): Promise<Output<Name>>;
  close(): void;
}

const idleMilliseconds = 120_000;

/** Workers are started when something is asked of them. */
export function createWorkerPool(workspace: Workspace, host: ProcessHost): WorkerPool {
  const alive = new Set<WorkerProcess>();
  let shared: { readonly worker: WorkerProcess; readonly connection: Connection } | undefined;
  let busy = 0;
  let idleTimer: NodeJS.Timeout | undefined;

  const open = (onGone: () => void): { worker: WorkerProcess; connection: Connection } => {
    const worker = host.startWorker(workspace.folder);
    alive.add(worker);
    const connection = connect(worker.transport, protocolVersion, () => {
      alive.delete(worker);
      onGone();
    });
    return { worker, connection };
  };

  const end = ({ worker, connection }: { worker: WorkerProcess; connection: Connection }): void => {
    alive.delete(worker);
    connection.close();
    worker.kill();
  };

  const endShared = (): void => {
    if (shared) end(shared);
    shared = undefined;
  };

  const request = async <Name extends keyof WorkMethods>(
    connection: Connection,
    name: Name,
    input: Input<Name>,
    { signal, onProgress }: CallOptions,
  ): Promise<Output<Name>> => {
    try {
      const output = await connection.request(`work.${name}`, input, {
        signal,
        ...(onProgress && {
          onProgress: (progress) => {
            onProgress(progress as WorkProgress); // what our worker sends
          },
        }), // both ends are of one build
      });
      return output as Output<Name>; // as above
    } catch (error) {
      if (error instanceof LabError && error.code === 'disconnected') {
        throw new LabError(
          'internal',
          'The process that was computing this exited unexpectedly, perhaps out of memory. Try again',
          {},
          error,
        );
      }
      throw error;
    }
  };

  return {
    call(name, input, options = {}) {
      clearTimeout(idleTimer);
      busy += 1;
      shared ??= open(() => {
        shared = undefined;
      });
      return request(shared.connection, name, input, options).finally(() => {
        busy -= 1;
        if (busy === 0) idleTimer = setTimeout(endShared, idleMilliseconds).unref();
      });
    },
    callAlone(name, input, options = {}) {
      const own = open(() => undefined);
      return request(own.connection, name, input, options).finally(() => {
        end(own);
      });
    },
    close() {
      clearTimeout(idleTimer);
      for (const worker of alive) worker.kill();
      alive.clear();
      shared = undefined;
    },
  };
}
