/** Starts the page. */
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import './app/tokens.css';
import './app/base.css';
import AppShell from './app/AppShell.vue';
import { createLabRouter } from './app/router.ts';

createApp(AppShell).use(createPinia()).use(createLabRouter()).mount('#app');
