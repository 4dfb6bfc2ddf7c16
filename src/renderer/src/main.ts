/** Starts the page. */
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import { config } from 'zod';
import { createClient } from '../../shared/rpc/client.ts';
import '@fontsource-variable/ibm-plex-sans/wght.css';
import '@fontsource/ibm-plex-mono/latin-400.css';
import './app/tokens.css';
import './app/base.css';
import AppShell from './app/AppShell.vue';
import { createLabRouter } from './app/router.ts';
import { labKey } from './composables/use-lab.ts';
import { useConnectionStore } from './stores/connection.ts';
import { openTransport } from './transport/open-transport.ts';

config({ jitless: true }); // the content security policy forbids code that is made at run time

const pinia = createPinia();
const connection = useConnectionStore(pinia);
const { lab } = createClient({
  open: openTransport,
  onState: (state) => {
    connection.state = state;
  },
});

createApp(AppShell).use(pinia).use(createLabRouter()).provide(labKey, lab).mount('#app');
