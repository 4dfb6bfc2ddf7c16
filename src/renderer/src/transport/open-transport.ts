/** The way to the lab: a port that the desktop window hands over, or a WebSocket to the server that the page came from. */
import { connectionMessage } from '../../../shared/contract/desktop-bridge.ts';
import type { CloseReason, Transport } from '../../../shared/rpc/protocol.ts';
import type { DesktopBridge } from '../../../shared/contract/desktop-bridge.ts';
import { LabError } from '../../../shared/errors.ts';
import { desktopBridge } from './desktop-bridge.ts';

const socketPath = '/socket';

export function openTransport(): Promise<Transport> {
  const desktop = desktopBridge();
  return desktop === undefined ? openSocket() : openPort(desktop);
}

function openSocket(): Promise<Transport> {
  const address = new URL(socketPath, window.location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(address);
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => {
      resolve(socketTransport(socket));
    });
    socket.addEventListener('error', () => void whyNot().then(reject));
  });
}

/** A browser does not say why a socket was refused; an ordinary request tells. */
async function whyNot(): Promise<Error> {
  const answer = await fetch('/', { method: 'HEAD', cache: 'no-store' }).catch(() => undefined);
  return answer?.status === 401
    ? new LabError('unauthorised', 'The lab no longer recognises this page. Open the address that it printed')
    : new LabError('disconnected', 'The lab cannot be reached');
}

function socketTransport(socket: WebSocket): Transport {
  return {
    send(message) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    onMessage(listener) {
      socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        listener(typeof data === 'string' ? parse(data) : undefined);
      });
    },
    onClose(listener) {
      socket.addEventListener('close', ({ reason }) => {
        listener({ message: reason, final: false });
      });
    },
    close() {
      socket.close();
    },
  };
}

function openPort(desktop: DesktopBridge): Promise<Transport> {
  return new Promise((resolve) => {
    const receive = (event: MessageEvent<unknown>): void => {
      const [port] = event.ports;
      if (event.source !== window || event.data !== connectionMessage || port === undefined) return;
      window.removeEventListener('message', receive);
      resolve(portTransport(port));
    };
    window.addEventListener('message', receive);
    desktop.connect();
  });
}

function portTransport(port: MessagePort): Transport {
  const listeners: ((reason: CloseReason) => void)[] = [];
  // Chromium tells when the other end of a port is gone.
  port.addEventListener('close', () => {
    for (const listener of listeners) listener({ message: 'The lab was closed', final: false });
  });
  return {
    send(message) {
      // A port clones what it is given and refuses what pages hold: Vue's proxies. Messages are JSON over every transport.
      port.postMessage(JSON.parse(JSON.stringify(message)));
    },
    onMessage(listener) {
      port.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        listener(data);
      });
      port.start();
    },
    onClose(listener) {
      listeners.push(listener);
    },
    close() {
      port.close();
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown; // checked by whoever reads it
  } catch {
    return undefined;
  }
}
