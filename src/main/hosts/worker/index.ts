/**
 * A worker process: imports, looks into data, asks models, on behalf of a lab.
 *
 *     node src/main/hosts/worker/index.ts <workspace>
 *
 * It is started by the lab and serves it over the channel that it was started with; it ends with that channel.
 */
import { protocolVersion } from '../../../shared/contract/index.ts';
import { openWorkspace } from '../../workspace/workspace.ts';
import { parentTransport } from './parent-transport.ts';
import { serveWork } from './serve-work.ts';

const transport = parentTransport();
const [workspaceFolder] = process.argv.slice(2);
if (!transport || workspaceFolder === undefined) {
  process.stderr.write('usage: worker <workspace>, started by the lab\n');
  process.exitCode = 2;
} else {
  transport.onClose(() => process.exit());
  serveWork(await openWorkspace(workspaceFolder), transport, protocolVersion);
}
