/** Registers actions while a component is there, and performs them by key. */
import { useEventListener } from '@vueuse/core';
import { onScopeDispose, watchEffect } from 'vue';
import type { Action } from './action.ts';
import { isEnabled } from './action.ts';
import { isMac, SequenceMatcher } from './keys.ts';
import { useActionStore } from './store.ts';

/** The actions of a component; a function is read reactively. */
export function useActions(actions: readonly Action[] | (() => readonly Action[])): void {
  const store = useActionStore();
  const owner = Symbol('actions');
  watchEffect(() => {
    store.register(owner, typeof actions === 'function' ? actions() : actions);
  });
  onScopeDispose(() => {
    store.unregister(owner);
  });
}

/** Performs registered actions by their keys; once, in the frame around all pages. */
export function useActionKeys(): void {
  const store = useActionStore();
  const matcher = new SequenceMatcher<Action>((action) => action.keys ?? '', isMac());
  useEventListener(document, 'keydown', (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || ['Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return;
    // Of an editor in a shadow root the document sees the root alone.
    const typing = isTyping(event.composedPath()[0] ?? event.target);
    const inDialog = document.querySelector('[role="dialog"][data-state="open"], [role="alertdialog"]') !== null;
    const candidates = store.all.filter(
      (action) =>
        action.keys !== undefined && (!typing || action.whileTyping === true) && !inDialog && isEnabled(action),
    );
    const found = matcher.press(event, candidates, event.timeStamp);
    if (found === undefined) return;
    event.preventDefault();
    if (found !== 'pending') void found.run();
  });
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) {
    return true;
  }
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'range'].includes(target.type);
}
