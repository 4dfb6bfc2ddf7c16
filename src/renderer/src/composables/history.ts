/** Undo and redo over values that are never changed in place. Changes with the same label that follow one another are one. */

export interface History<Value> {
  readonly past: readonly Value[];
  readonly present: Value;
  readonly future: readonly Value[];
  /** The label of the latest change. */
  readonly label: string | undefined;
  record(value: Value, label?: string): History<Value>;
  undo(): History<Value>;
  redo(): History<Value>;
}

const kept = 200;

export function createHistory<Value>(present: Value): History<Value> {
  return historyOf([], present, [], undefined);
}

function historyOf<Value>(
  past: readonly Value[],
  present: Value,
  future: readonly Value[],
  label: string | undefined,
): History<Value> {
  return {
    past,
    present,
    future,
    label,
    record(value, newLabel) {
      if (JSON.stringify(value) === JSON.stringify(present)) return this;
      const joins = newLabel !== undefined && newLabel === label && future.length === 0;
      return historyOf(joins ? past : [...past, present].slice(-kept), value, [], newLabel);
    },
    undo() {
      const previous = past.at(-1);
      return previous === undefined ? this : historyOf(past.slice(0, -1), previous, [present, ...future], undefined);
    },
    redo() {
      const [next, ...rest] = future;
      return next === undefined ? this : historyOf([...past, present], next, rest, undefined);
    },
  };
}
