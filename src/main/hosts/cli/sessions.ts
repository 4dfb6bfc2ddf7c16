/** `pretext serve sessions`: the browsers that a served lab has let in, and links for further ones. */
import type { Command } from 'commander';
import { LabError } from '../../../shared/errors.ts';
import { findLab } from '../../lab/lab-lock.ts';
import type { Sessions } from '../server/sessions.ts';
import { openSessions } from '../server/sessions.ts';
import { linkTo } from '../server/server.ts';
import { existingWorkspaceOf, globalsOf } from './globals.ts';
import { emphasise, print, printJson, say, table } from './output.ts';

export function registerSessions(serve: Command): void {
  const sessions = serve.command('sessions').description('the browsers that were let in');
  sessions
    .command('list', { isDefault: true })
    .description('list them, the one that was used last first')
    .action(async (_options: object, command: Command) => {
      show(await sessionsOf(command), command);
    });
  sessions
    .command('revoke')
    .description('send browsers away; their pages close within a second')
    .argument('[ids...]')
    .option('--all', 'everyone')
    .action(async (ids: string[], { all = false }: { readonly all?: boolean }, command: Command) => {
      const known = await sessionsOf(command);
      if (ids.length === 0 && !all) throw new LabError('bad-input', 'Name the sessions to revoke, or --all of them');
      for (const id of all ? known.list().map((session) => session.id) : ids) {
        if (known.revoke(id)) continue;
        throw new LabError('not-found', `There is no session ${id}: 'pretext serve sessions list' lists them`, { id });
      }
      show(known, command);
    });
  sessions
    .command('link')
    .description('print an address that lets one more browser in, once')
    .action(async (_options: object, command: Command) => {
      const workspace = await existingWorkspaceOf(command);
      const origin = (await findLab(workspace))?.origin;
      if (origin === undefined) {
        throw new LabError('not-found', `Nothing serves ${workspace.folder}. Start it with 'pretext serve'`, {
          folder: workspace.folder,
        });
      }
      const address = linkTo(origin, openSessions(workspace.folder));
      if (globalsOf(command).json) printJson({ address });
      else print(emphasise(address, 'bold'));
    });
}

async function sessionsOf(command: Command): Promise<Sessions> {
  return openSessions((await existingWorkspaceOf(command)).folder);
}

function show(sessions: Sessions, command: Command): void {
  const list = sessions.list();
  if (globalsOf(command).json) {
    printJson(list.map(({ id, kind, client, createdAt, usedAt }) => ({ id, kind, client, createdAt, usedAt })));
    return;
  }
  if (list.length === 0) {
    say('No browser has been let in');
    return;
  }
  const time = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ');
  print(
    table(
      [{ title: 'session' }, { title: 'let in' }, { title: 'last used' }, { title: 'client' }],
      list.map(({ id, client, createdAt, usedAt }) => [id, time(createdAt), time(usedAt), client.slice(0, 60)]),
    ),
  );
}
