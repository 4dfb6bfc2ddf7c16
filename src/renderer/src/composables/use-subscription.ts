/** A subscription to the lab that lasts as long as the component, and is made anew when its input changes. */
import { onScopeDispose, watch } from 'vue';
import type { LabClient, SubscriptionHandlers, Unsubscribe } from '../../../shared/contract/index.ts';
import { useLab } from './use-lab.ts';

/** `input` is read reactively; while it is undefined there is no subscription. */
export function useSubscription<Input, Event>(
  input: () => Input | undefined,
  subscribe: (lab: LabClient, input: Input, handlers: SubscriptionHandlers<Event>) => Unsubscribe,
  handlers: SubscriptionHandlers<Event>,
): void {
  const lab = useLab();
  let unsubscribe: Unsubscribe | undefined;
  watch(
    () => JSON.stringify(input()) as string | undefined, // of undefined it is undefined
    () => {
      unsubscribe?.();
      const wanted = input();
      unsubscribe = wanted === undefined ? undefined : subscribe(lab, wanted, handlers);
    },
    { immediate: true },
  );
  onScopeDispose(() => unsubscribe?.());
}
