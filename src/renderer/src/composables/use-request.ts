/**
 * An answer of the lab as state. A new call cancels the one before it, so answers never arrive in the wrong order, and what was
 * there stays on the page until the new answer is there: nothing jumps.
 */
import type { ShallowRef, WatchSource } from 'vue';
import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import { isLabError } from '../../../shared/errors.ts';

export interface LabRequest<Output> {
  readonly data: Readonly<ShallowRef<Output | undefined>>;
  readonly error: Readonly<ShallowRef<Error | undefined>>;
  readonly loading: Readonly<ShallowRef<boolean>>;
  /** Asks again. */
  reload(): Promise<void>;
}

export interface RequestOptions {
  /** Asks again when one of them changes. */
  readonly watch?: WatchSource | WatchSource[];
  /** Asks at once; true by default. */
  readonly immediate?: boolean;
}

export function useRequest<Output>(
  call: (signal: AbortSignal) => Promise<Output>,
  options: RequestOptions = {},
): LabRequest<Output> {
  const data = shallowRef<Output>();
  const error = shallowRef<Error>();
  const loading = ref(false);
  let controller: AbortController | undefined;

  const reload = async (): Promise<void> => {
    controller?.abort();
    const own = new AbortController();
    controller = own;
    loading.value = true;
    try {
      const output = await call(own.signal);
      if (controller !== own) return;
      data.value = output;
      error.value = undefined;
    } catch (problem) {
      if (controller !== own || isLabError(problem, 'aborted')) return;
      error.value = problem instanceof Error ? problem : new Error(String(problem));
    } finally {
      if (controller === own) loading.value = false;
    }
  };

  if (options.watch !== undefined) watch(options.watch, () => void reload());
  if (options.immediate ?? true) void reload();
  onScopeDispose(() => {
    controller?.abort();
    controller = undefined;
  });
  return { data, error, loading, reload };
}
