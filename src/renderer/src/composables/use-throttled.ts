/** A function called at most once in a while: at once, and once more at the end when there were calls in between. */
import { onScopeDispose } from 'vue';

export function useThrottled(act: () => void, milliseconds: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const call = (): void => {
    if (timer !== undefined) {
      again = true;
      return;
    }
    act();
    timer = setTimeout(() => {
      timer = undefined;
      if (!again) return;
      again = false;
      call();
    }, milliseconds);
  };
  onScopeDispose(() => {
    clearTimeout(timer);
  });
  return call;
}
