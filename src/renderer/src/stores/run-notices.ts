/**
 * Notifications of the system when a run has ended while one is elsewhere. Browsers show them to those who ask for them; the desktop lab
 * does by itself, until it is told not to, and this is where it is told.
 */
import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { LabClient, Unsubscribe } from '../../../shared/contract/index.ts';
import type { Run, RunState } from '../../../shared/contract/runs.ts';
import { plural } from '../../../shared/display.ts';
import { desktopBridge } from '../transport/desktop-bridge.ts';

const storageKey = 'pretext-run-notices';
const endings: Readonly<Partial<Record<RunState, string>>> = {
  finished: 'is finished',
  failed: 'has failed',
  interrupted: 'was interrupted',
};

function storedWish(): boolean {
  try {
    return localStorage.getItem(storageKey) === 'on';
  } catch {
    return false;
  }
}

function store(wanted: boolean): void {
  try {
    localStorage.setItem(storageKey, wanted ? 'on' : 'off');
  } catch {
    // The choice then lasts as long as the page.
  }
}

/** Some browsers have none, and none have them on pages that are not from this machine without encryption. */
const inBrowser = 'Notification' in window;

export const useRunNotices = defineStore('run-notices', () => {
  const desktop = desktopBridge();
  const isPossible = desktop !== undefined || inBrowser;
  const wanted = ref(desktop === undefined && inBrowser && storedWish() && Notification.permission === 'granted');
  /** The browser was asked and does not allow it. */
  const refused = ref(false);
  /** As far as they were seen; what ended before that is no news. */
  const states = new Map<string, RunState>();

  void desktop?.notifies().then((on) => {
    wanted.value = on;
  });

  async function choose(on: boolean): Promise<void> {
    if (desktop !== undefined) {
      await desktop.setNotifies(on);
      wanted.value = on;
      return;
    }
    const allowed = on && isPossible && (await Notification.requestPermission()) === 'granted';
    refused.value = on && !allowed;
    wanted.value = allowed;
    store(allowed);
  }

  function take(run: Run): void {
    const before = states.get(run.id);
    states.set(run.id, run.state);
    const ending = endings[run.state];
    if (!wanted.value || before === undefined || before === run.state || ending === undefined) return;
    if (document.hasFocus()) return;
    const body = run.failure?.message ?? plural(run.step, 'step');
    const notice = new Notification(`${run.name} ${ending}`, { body, tag: run.id });
    notice.addEventListener('click', () => {
      window.focus();
      window.location.hash = `#/runs/${run.id}`;
    });
  }

  function follow(lab: LabClient): Unsubscribe {
    return lab.runs.watch(
      {},
      {
        onReady() {
          void lab.runs.list({ limit: 1000 }).then(({ runs }) => {
            for (const { id, state } of runs) states.set(id, state);
          });
        },
        onEvent({ changed }) {
          for (const run of changed) take(run);
        },
      },
    );
  }

  return { isPossible, wanted, refused, choose, follow };
});
