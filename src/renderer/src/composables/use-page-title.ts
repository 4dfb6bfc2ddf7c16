/** The title of the window, and of its tab: what the page is about, not only which kind of page it is. */
import { watch } from 'vue';
import { useRoute } from 'vue-router';

/** `title` is undefined while it is not known. */
export function usePageTitle(title: () => string | undefined): void {
  const route = useRoute();
  // Every change of the address puts the title of the kind of page there.
  watch(
    [title, () => route.fullPath],
    ([known]) => {
      if (known !== undefined && known !== '') document.title = `${known} · Pretext Lab`;
    },
    { immediate: true, flush: 'post' },
  );
}
