/**
 * The pages of the lab. The router, the navigation and the window's title are all made from this table: a new page is
 * one row and one component.
 */
import type { Component } from 'vue';

export interface Page {
  readonly name: string;
  readonly path: string;
  readonly title: string;
  readonly load: () => Promise<{ readonly default: Component }>;
}

export const pages: readonly Page[] = [
  { name: 'home', path: '/', title: 'Home', load: () => import('../features/home/HomePage.vue') },
  {
    name: 'settings',
    path: '/settings',
    title: 'Settings',
    load: () => import('../features/settings/SettingsPage.vue'),
  },
];
