/** The lab over a message port, which the desktop window hands to the page. */
import type { DesktopBridge } from '../../../shared/contract/desktop-bridge.ts';
import { connectionMessage } from '../../../shared/contract/desktop-bridge.ts';
import type { Transport } from '../../../shared/rpc/protocol.ts';

/** Asks the window for a connection. Only a message of the page's own window is taken for the answer. */
export function openDesktopPort(bridge: Pick<DesktopBridge, 'connect'>, page: Window): Promise<Transport> {
  return new Promise((resolve) => {
    const receive = ({ source, data, ports }: MessageEvent): void => {
      const [port] = ports;
      if (source !== page || data !== connectionMessage || !port) return;
      page.removeEventListener('message', receive);
      resolve(portTransport(port));
    };
    page.addEventListener('message', receive);
    bridge.connect();
  });
}

export function portTransport(port: MessagePort): Transport {
  return {
    send(message) {
      port.postMessage(message);
    },
    onMessage(listener) {
      port.addEventListener('message', ({ data }) => {
        listener(data);
      });
      port.start();
    },
    onClose(listener) {
      port.addEventListener('close', () => {
        listener({ message: 'The lab was closed', final: false });
      });
    },
    close() {
      port.close();
    },
  };
}
