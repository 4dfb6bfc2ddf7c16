/** The methods of a worker as a contract of their own, served to the lab that started it. Both are of one build: nothing is checked. */
import { z } from 'zod';
import { request } from '../../../shared/contract/define.ts';
import type { Transport } from '../../../shared/rpc/protocol.ts';
import { labVersion } from '../../files/version.ts';
import { workMethods } from '../../work/methods.ts';
import type { WorkMethod } from '../../work/work-context.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { RequestHandler } from '../../rpc/dispatcher.ts';
import { createDispatcher } from '../../rpc/dispatcher.ts';

/** @param version of the methods, which both ends of one build share */
export function serveWork(workspace: Workspace, transport: Transport, version: number): void {
  const names = Object.keys(workMethods);
  // The lab calls by the types of `workMethods`, which a list of them cannot keep.
  const methods = workMethods as unknown as Readonly<Record<string, WorkMethod<unknown, unknown>>>;
  const handlers = Object.entries(methods).map(([name, method]): [string, RequestHandler<unknown, unknown>] => [
    name,
    (input, { signal, progress }) => method({ workspace, signal, progress }, input),
  ]);
  createDispatcher({
    contract: { work: Object.fromEntries(names.map((name) => [name, request(name, z.unknown(), z.unknown())])) },
    handlers: { work: Object.fromEntries(handlers) },
    version,
    labVersion: labVersion(),
    onBug: (method, error) => {
      process.stderr.write(`${method}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    },
  }).serve(transport);
}
