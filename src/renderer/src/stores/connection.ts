/** Whether the lab can be reached; set by the client that `main.ts` makes. */
import { defineStore } from 'pinia';
import { shallowRef } from 'vue';
import type { ConnectionState } from '../../../shared/rpc/client.ts';

export const useConnectionStore = defineStore('connection', () => {
  const state = shallowRef<ConnectionState>({ status: 'connecting', attempt: 0 });
  return { state };
});
