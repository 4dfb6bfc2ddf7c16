/** `pretext serve`: the lab in a browser, here or on another machine. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { LabError } from '../../../shared/errors.ts';
import { serveLab } from '../server/serve.ts';
import { collect, globalsOf } from './globals.ts';
import { wholeNumber } from './numbers.ts';
import { emphasise, print, printJson, say } from './output.ts';
import { registerSessions } from './sessions.ts';

interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly name?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
  readonly pages?: string;
}

export function registerServe(serve: Command): void {
  serve
    .option(
      '--host <address>',
      'the address to listen on; one that other machines can reach needs --cert and --key',
      '127.0.0.1',
    )
    .option('-p, --port <number>', 'the port to listen on (0: any that is free)', wholeNumber, 8640)
    .option(
      '--name <name>',
      'a further name of this machine by which browsers may address it (may be repeated)',
      collect,
    )
    .option('--cert <file>', 'a certificate in PEM, with those between it and its authority')
    .option('--key <file>', 'the key of the certificate, in PEM')
    .addOption(new Option('--pages <folder>', 'pages that were built elsewhere').hideHelp())
    .action(async (options: ServeOptions, command: Command) => {
      const { workspace, json } = globalsOf(command);
      const served = await serveLab({
        workspace,
        host: options.host,
        port: options.port,
        names: options.name,
        certificate: certificateOf(options),
        pages: options.pages,
        onBug: (method, error) => {
          say(`${method}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
        },
      });
      const { address } = served.server;
      if (json) printJson({ address, workspace: served.lab.workspace.folder });
      else {
        print(
          `The lab of ${served.lab.workspace.folder} is open at\n\n  ${emphasise(address, 'bold')}\n\nfor one browser, once ('pretext serve sessions link' prints another address)`,
        );
      }
      const { lab } = served;
      void lab.whole.then(() => {
        for (const id of lab.interrupted) say(`The run ${id} was interrupted. Resume it in the lab`);
      });
      await untilStopped();
      say('Closing: runs stop at a checkpoint … (again to stop at once)');
      await served.close();
    });
  registerSessions(serve);
}

function certificateOf({ cert, key }: ServeOptions): { readonly cert: string; readonly key: string } | undefined {
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert, key };
  throw new LabError('bad-input', '--cert and --key belong together: give both of them');
}

/** The first signal; the second one ends the process at once. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let isSecond = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (isSecond) process.exit(130);
        isSecond = true;
        resolve();
      });
    }
  });
}
