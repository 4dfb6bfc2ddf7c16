/** Which rows of a long table are in sight: only those are in the document, and spacers stand for the others. */
import type { Ref } from 'vue';
import { computed, onBeforeUnmount, ref, watch } from 'vue';

const overscan = 12;

export interface VirtualRows {
  readonly first: Readonly<Ref<number>>;
  /** One past the last. */
  readonly end: Readonly<Ref<number>>;
  /** Scrolls as little as needed. */
  readonly reveal: (index: number) => void;
}

/** @param rowHeight of every row, in pixels */
export function useVirtualRows(
  container: Readonly<Ref<HTMLElement | null>>,
  count: Readonly<Ref<number>>,
  rowHeight: number,
): VirtualRows {
  const scrollTop = ref(0);
  const height = ref(800);
  const observer = new ResizeObserver(([entry]) => {
    if (entry) height.value = entry.contentRect.height;
  });
  const onScroll = (): void => {
    scrollTop.value = container.value?.scrollTop ?? 0;
  };
  watch(
    container,
    (element, before) => {
      before?.removeEventListener('scroll', onScroll);
      if (before) observer.unobserve(before);
      if (!element) return;
      element.addEventListener('scroll', onScroll, { passive: true });
      observer.observe(element);
    },
    { immediate: true, flush: 'post' },
  );
  onBeforeUnmount(() => {
    observer.disconnect();
  });
  const first = computed(() => Math.max(0, Math.min(count.value, Math.floor(scrollTop.value / rowHeight)) - overscan));
  const end = computed(() => Math.min(count.value, Math.ceil((scrollTop.value + height.value) / rowHeight) + overscan));
  return {
    first,
    end,
    reveal(index) {
      const element = container.value;
      if (!element) return;
      const head = rowHeight; // the sticky header covers as much
      const top = index * rowHeight;
      if (top < element.scrollTop) element.scrollTop = top;
      else if (top + rowHeight + head > element.scrollTop + element.clientHeight) {
        element.scrollTop = top + rowHeight + head - element.clientHeight;
      }
    },
  };
}
