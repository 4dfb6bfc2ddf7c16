// A client of the lab whose connection comes and goes; what is asked is tested over every transport in tests/contract.
import { expect, it, vi } from 'vitest';
import { protocolVersion } from '../../../src/shared/contract/index.ts';
import { createClient } from '../../../src/shared/rpc/client.ts';
import { eventually } from '../../eventually.ts';

it('hangs up when it is closed before the lab has greeted it', async () => {
  const close = vi.fn();
  const send = vi.fn();
  const client = createClient({
    open: () => ({ send, close, onMessage: () => undefined, onClose: () => undefined }),
  });
  const asked = client.lab.runs.queue({});
  await eventually(() => {
    expect(send).toHaveBeenCalledTimes(1); // its own greeting
  });
  client.close();
  expect(close).toHaveBeenCalled();
  await expect(asked).rejects.toMatchObject({ code: 'disconnected' });
});

it('ends a subscription whose events are not what the contract says, on the side of the lab as well', async () => {
  const sent: { type: string; id?: number }[] = [];
  let receive: (message: unknown) => void = () => undefined;
  const client = createClient({
    open: () => ({
      send: (message: { type: string; id?: number }) => sent.push(message),
      close: () => undefined,
      onMessage: (listener: (message: unknown) => void) => (receive = listener),
      onClose: () => undefined,
    }),
  });
  const onError = vi.fn();
  const onEvent = vi.fn();
  client.lab.jobs.watch({}, { onEvent, onError });
  await eventually(() => {
    expect(sent).toHaveLength(1);
  });
  receive({ type: 'hello', version: protocolVersion, lab: '1' });
  await eventually(() => {
    expect(sent.at(-1)).toMatchObject({ type: 'subscribe' });
  });
  const { id } = sent.at(-1)!;
  receive({ type: 'event', id, event: { jobs: 'none' } });
  receive({ type: 'event', id, event: { jobs: [] } });
  expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'internal' }));
  expect(onEvent).not.toHaveBeenCalled();
  expect(sent.at(-1)).toEqual({ type: 'cancel', id });
  client.close();
});
