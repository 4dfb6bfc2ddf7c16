/**
 * A question to the lab whose answer a component shows. It is asked again when its input changes and when a part of the
 * workspace that it reads has changed. The last answer stays until the next one is there, so pages do not jump; an answer
 * that nobody waits for any more is cancelled.
 */
import { useDebounceFn } from '@vueuse/core';
import type { Ref, ShallowRef } from 'vue';
import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { CallOptions, LabClient } from '../../../shared/contract/index.ts';
import { isLabError } from '../../../shared/errors.ts';
import type { ChangedPart } from '../../../shared/contract/workspace.ts';
import { useChangesStore } from '../stores/changes.ts';
import { useLab } from './use-lab.ts';

export interface RequestOptions {
  /** Parts of the workspace whose changes make the answer old. */
  readonly refreshOn?: readonly ChangedPart[];
  /** Milliseconds of quiet before a changed input is asked about, for inputs that a person types. */
  readonly debounce?: number;
}

export interface RequestHandle<Output> {
  /** The latest answer; undefined before the first one, and while there is nothing to ask. */
  readonly data: Readonly<ShallowRef<Output | undefined>>;
  /** Why the latest attempt failed. */
  readonly error: Readonly<ShallowRef<Error | undefined>>;
  readonly loading: Readonly<Ref<boolean>>;
  readonly refresh: () => Promise<void>;
}

/**
 * `input` is read reactively; undefined means that there is nothing to ask. `call` makes the request, e.g.
 * `(lab, input, options) => lab.runs.list(input, options)`.
 */
export function useRequest<Input, Output>(
  input: () => Input | undefined,
  call: (lab: LabClient, input: Input, options: CallOptions) => Promise<Output>,
  { refreshOn = [], debounce = 0 }: RequestOptions = {},
): RequestHandle<Output> {
  const lab = useLab();
  const changes = useChangesStore();
  const data = shallowRef<Output>();
  const error = shallowRef<Error>();
  const loading = ref(false);
  let current: AbortController | undefined;

  async function refresh(): Promise<void> {
    current?.abort();
    const asked = input();
    if (asked === undefined) {
      current = undefined;
      data.value = undefined;
      error.value = undefined;
      loading.value = false;
      return;
    }
    const controller = new AbortController();
    current = controller;
    loading.value = true;
    try {
      const answer = await call(lab, asked, { signal: controller.signal });
      if (current !== controller) return;
      data.value = answer;
      error.value = undefined;
    } catch (problem) {
      if (current !== controller || isLabError(problem, 'aborted')) return;
      error.value = problem instanceof Error ? problem : new Error(String(problem));
    } finally {
      if (current === controller) loading.value = false;
    }
  }

  const refreshSoon = debounce === 0 ? refresh : useDebounceFn(refresh, debounce);
  // Inputs are JSON by the contract, so their text tells whether they really changed.
  watch(
    () => JSON.stringify(input()) as string | undefined, // of undefined it is undefined
    () => {
      if (input() !== undefined && debounce > 0) loading.value = true;
      void refreshSoon();
    },
  );
  watch(
    () => refreshOn.map((part) => changes.revisions.get(part)).join(),
    () => void refresh(),
  );
  void refresh();
  onScopeDispose(() => {
    current?.abort();
    current = undefined;
  });
  return { data, error, loading, refresh };
}
