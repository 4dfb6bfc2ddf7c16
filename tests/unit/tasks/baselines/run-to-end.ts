/** Work that hands over between its steps, without a pause. */
export function runToEnd<Result>(work: Generator<unknown, Result>): Result {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}
