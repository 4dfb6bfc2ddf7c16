/** The lines of a shell that do the work of an element, and what they are filled with. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabError } from '../../../shared/errors.ts';
import type { SchedulerTemplate } from './scheduler-template.ts';
import { fill, quoteForShell, quoteForYaml } from './template-text.ts';
import type { Values } from './template-text.ts';

/** How this computer starts pretext; nodes of a cluster mostly see the same folders. */
export function ownCommand(): readonly string[] {
  if ('electron' in process.versions) {
    throw new LabError(
      'bad-input',
      "Say how the nodes start pretext: they cannot start this window's program. 'pretext pack node' writes an archive for them",
    );
  }
  return [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    fileURLToPath(new URL('../../cli.ts', import.meta.url)),
  ];
}

export interface ScriptPlace {
  readonly command: readonly string[];
  /** The work folder as nodes see it. */
  readonly folder: string;
  readonly count: number;
  /** Of the first element of this job among all. */
  readonly offset: number;
}

/**
 * The work in the background, so that signals reach the shell at once: USR1 and TERM are passed on, and after either of them the shell
 * waits for the checkpoint. `code` is the exit code, `terminated` is set after TERM.
 */
function workLines(template: SchedulerTemplate, { command, folder, count, offset }: ScriptPlace): string {
  const words = [...command, 'work', '--study', folder].map(quoteForShell).join(' ');
  const stay = template.stay ? ' --stay' : '';
  return `work=
trap 'kill -USR1 "$work" 2>/dev/null' USR1
trap 'terminated=yes; kill -TERM "$work" 2>/dev/null' TERM
element=$(( $${template.element} - ${template.firstIndex} + ${offset} ))
[ "$element" -lt ${count} ] || exit 0
${words} --index "$element" --count ${count}${stay} &
work=$!
wait "$work"; code=$?
while [ "$code" -gt 128 ] && kill -0 "$work" 2>/dev/null; do wait "$work"; code=$?; done
if [ "$code" -gt 128 ]; then wait "$work" 2>/dev/null; later=$?; [ "$later" -eq 127 ] || code=$later; fi`;
}

/** The script of a job, with the template's `{names}` and `{work}` filled in. */
export function renderScript(template: SchedulerTemplate, values: Values, place: ScriptPlace): string {
  const work = workLines(template, place);
  if (template.language === 'yaml') {
    // In a manifest the shell is a program of its own: what it says of the work is the pod's exit code.
    return fill(template.script, { ...values, work: `${work}\nexit "$code"` }, quoteForYaml);
  }
  const [before, after] = template.script.split('{work}', 2);
  return `${fill(before ?? '', values, quoteForShell)}${work}${fill(after ?? '', values, quoteForShell)}`;
}

/** Where nodes see the folder of a study. */
export function folderOnNodes(
  template: SchedulerTemplate,
  values: Values,
  here: string,
  workspace: string,
  given?: string,
): string {
  const root = given ?? (template.workspace === undefined ? undefined : fill(template.workspace, values));
  return root === undefined ? here : join(root, here.slice(workspace.length));
}
