/**
 * Short messages about what just happened. They go away by themselves, so none is the only route to anything: all of them
 * can be read again under Messages, and an offer such as Undo stays there while it holds.
 */
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { messageOf } from '../../../shared/errors.ts';

export interface ToastOffer {
  readonly label: string;
  run(): void | Promise<void>;
}

export interface Toast {
  readonly id: number;
  readonly severity: 'information' | 'success' | 'error';
  readonly title: string;
  readonly message?: string;
  readonly offer?: ToastOffer;
  readonly at: Date;
  /** Still on the screen. */
  readonly open: boolean;
  readonly read: boolean;
}

const kept = 50;

export const useToastStore = defineStore('toasts', () => {
  const all = ref<Toast[]>([]);
  let nextId = 1;

  function change(id: number, changes: Partial<Toast>): void {
    all.value = all.value.map((toast) => (toast.id === id ? { ...toast, ...changes } : toast));
  }

  function show(toast: Pick<Toast, 'severity' | 'title' | 'message' | 'offer'>): void {
    all.value = [{ ...toast, id: nextId++, at: new Date(), open: true, read: false }, ...all.value].slice(0, kept);
  }

  /** Takes up the offer of a toast, once; what it was about may be gone by then, and that is said. */
  async function accept(id: number): Promise<void> {
    const toast = all.value.find((candidate) => candidate.id === id);
    if (toast?.offer === undefined) return;
    const { offer } = toast;
    all.value = all.value.map((candidate) => {
      if (candidate.id !== id) return candidate;
      const { offer: _taken, ...rest } = candidate;
      return { ...rest, open: false, read: true };
    });
    try {
      await offer.run();
    } catch (problem) {
      show({ severity: 'error', title: `${offer.label}: that did not work`, message: messageOf(problem) });
    }
  }

  return {
    all,
    open: computed(() => all.value.filter((toast) => toast.open)),
    unread: computed(() => all.value.filter((toast) => !toast.read).length),
    show,
    accept,
    close: (id: number) => {
      change(id, { open: false });
    },
    markRead: () => {
      all.value = all.value.map((toast) => ({ ...toast, read: true }));
    },
  };
});
