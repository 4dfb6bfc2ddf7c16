/** Says that something changed, at most ten times a second, with all that changed in between. */

/** What a person can see as a movement; more often would only cost. */
export const throttleMilliseconds = 100;

export type Stop = () => void;

export interface Signal<Value> {
  emit(value: Value): void;
  on(listener: (value: Value) => void): Stop;
}

/** Listeners are called at once, in the order in which they came. */
export function createSignal<Value>(): Signal<Value> {
  const listeners = new Set<(value: Value) => void>();
  return {
    emit(value) {
      for (const listener of [...listeners]) listener(value);
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * Gathers values and hands them over together: the first one at once, those that follow within the time in one go.
 */
export function gather<Value>(
  deliver: (values: readonly Value[]) => void,
  milliseconds = throttleMilliseconds,
): { add(value: Value): void; stop: Stop } {
  let waiting: Value[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    timer = undefined;
    if (waiting.length === 0) return;
    const values = waiting;
    waiting = [];
    timer = setTimeout(flush, milliseconds);
    deliver(values);
  };
  return {
    add(value) {
      waiting.push(value);
      timer ??= setTimeout(flush, 0);
    },
    stop() {
      clearTimeout(timer);
      waiting = [];
      timer = undefined;
    },
  };
}
