/** Something a person asked the lab to do: whether it is under way, and a toast when it failed. */
import type { Ref, ShallowRef } from 'vue';
import { ref, shallowRef } from 'vue';
import { isLabError, messageOf } from '../../../shared/errors.ts';
import { useToastStore } from '../stores/toasts.ts';

export interface Operation<Arguments extends readonly unknown[], Result> {
  readonly running: Readonly<Ref<boolean>>;
  readonly error: Readonly<ShallowRef<Error | undefined>>;
  /** Undefined when it failed; the person has been told. */
  readonly perform: (...given: Arguments) => Promise<Result | undefined>;
}

/** `failure`: what did not work, as the toast's title: `The import could not be started`. */
export function useOperation<Arguments extends readonly unknown[], Result>(
  failure: string,
  operation: (...given: Arguments) => Promise<Result>,
): Operation<Arguments, Result> {
  const toasts = useToastStore();
  const running = ref(false);
  const error = shallowRef<Error>();
  async function perform(...given: Arguments): Promise<Result | undefined> {
    if (running.value) return undefined;
    running.value = true;
    error.value = undefined;
    try {
      return await operation(...given);
    } catch (problem) {
      if (isLabError(problem, 'aborted')) return undefined;
      error.value = problem instanceof Error ? problem : new Error(String(problem));
      toasts.show({ severity: 'error', title: failure, message: messageOf(problem) });
      return undefined;
    } finally {
      running.value = false;
    }
  }
  return { running, error, perform };
}
