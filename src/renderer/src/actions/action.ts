/**
 * An action is something a person can do, described once: its button, its shortcut, its line in the command palette and in
 * the list of shortcuts are all made from it.
 */
import type { IconName } from '../components/icons.ts';

export interface Action {
  /** Unique; `runs.stop`. */
  readonly id: string;
  readonly title: string;
  /** Heading in the palette and the list of shortcuts: `Navigation`, `Pipeline`. */
  readonly section: string;
  /** `?`, `mod+k`, `shift+delete`, or keys one after the other: `g d`. `mod` is Command on a Mac and Control elsewhere. */
  readonly keys?: string;
  /** Other words by which the palette finds it. */
  readonly keywords?: string;
  readonly icon?: IconName;
  /** Also while a text is being typed; by default single keys belong to the text then. */
  readonly whileTyping?: boolean;
  /** Left out of the palette, e.g. arrow keys of an editor; the list of shortcuts still has it. */
  readonly hidden?: boolean;
  /** Read reactively; an action that is not enabled is shown but not performed. */
  enabled?(): boolean;
  run(): void | Promise<void>;
}

export function isEnabled(action: Action): boolean {
  return action.enabled?.() ?? true;
}
