/** A subscription that lasts as long as the component, and begins anew when what it depends on changes. */
import type { WatchSource } from 'vue';
import { onScopeDispose, watch } from 'vue';
import type { Unsubscribe } from '../../../shared/contract/index.ts';

export function useSubscription(subscribe: () => Unsubscribe | undefined, source?: WatchSource | WatchSource[]): void {
  let stop: Unsubscribe | undefined;
  const start = (): void => {
    stop?.();
    stop = subscribe();
  };
  start();
  if (source !== undefined) watch(source, start);
  onScopeDispose(() => stop?.());
}
