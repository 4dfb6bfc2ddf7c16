/** Electron's MessageChannelMain over Node's: the first port is an event emitter whose events carry the message as `data`. */
import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';

export class MessageChannelMain {
  readonly port1: unknown;
  readonly port2: MessagePort;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port1 = {
      postMessage: (message: unknown) => {
        port1.postMessage(message);
      },
      on: (name: 'message' | 'close', listener: (event: unknown) => void) =>
        port1.on(name as 'message', (data: unknown) => {
          listener({ data });
        }),
      start: () => {
        port1.start();
      },
      close: () => {
        port1.close();
      },
    };
    this.port2 = port2;
  }
}
