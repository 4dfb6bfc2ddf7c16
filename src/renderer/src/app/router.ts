/**
 * Routes are kept in the address's hash, because the same files are opened from app:// and from a server that should not
 * have to know the pages. After moving to another page the title says where one is, and focus goes to its start, as it
 * would after loading a document.
 */
import { nextTick } from 'vue';
import type { Router } from 'vue-router';
import { createRouter, createWebHashHistory } from 'vue-router';
import { pages } from './pages.ts';

export const mainElementId = 'main';

export function createLabRouter(): Router {
  const router = createRouter({
    history: createWebHashHistory(),
    routes: [
      ...pages.map(({ name, path, title, load, within }) => ({
        name,
        path,
        component: load,
        meta: { title, navigation: within ?? name },
      })),
      {
        name: 'not-found',
        path: '/:path(.*)*',
        component: () => import('./NotFoundPage.vue'),
        meta: { title: 'Page not found' },
      },
    ],
  });
  router.afterEach(async (to, from) => {
    document.title = `${String(to.meta.title)} · Pretext Lab`;
    const isFirstPage = from.matched.length === 0;
    if (isFirstPage || to.name === from.name) return;
    await nextTick();
    document.getElementById(mainElementId)?.focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
  });
  return router;
}
