// A client of the lab whose connection comes and goes; what is asked is tested over every transport in tests/contract.
import { expect, it, vi } from 'vitest';
import { createClient } from '../../../src/shared/rpc/client.ts';

it('hangs up when it is closed before the lab has greeted it', async () => {
  const close = vi.fn();
  const send = vi.fn();
  const client = createClient({
    open: () => ({ send, close, onMessage: () => undefined, onClose: () => undefined }),
  });
  const asked = client.lab.runs.queue({});
  await vi.waitFor(() => {
    expect(send).toHaveBeenCalledTimes(1); // its own greeting
  });
  client.close();
  expect(close).toHaveBeenCalled();
  await expect(asked).rejects.toMatchObject({ code: 'disconnected' });
});
