// The desktop lab in Electron itself, where its program is installed and a window can be shown. Elsewhere these tests are left out,
// and say why; desktop.test.ts covers the same code against a stand-in.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { _electron } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { electronProgram } from '../../scripts/electron-program.ts';
import { expectAccessible, patience } from './harness.ts';

const root = resolve(import.meta.dirname, '../..');

function whyNot(): string | undefined {
  if (electronProgram(root) === undefined) return "Electron's program is not installed (its package downloads it)";
  if (process.platform === 'linux' && process.env.DISPLAY === undefined && process.env.WAYLAND_DISPLAY === undefined) {
    return 'there is no screen: start it with xvfb-run';
  }
  return existsSync(join(root, 'out/main/index.js')) ? undefined : "the lab is not built: 'npm run build'";
}

const reason = whyNot();
if (reason !== undefined) process.stderr.write(`The tests in Electron are left out: ${reason}\n`);

describe.skipIf(reason !== undefined)('the desktop lab in Electron', () => {
  it('opens one hardened window on the lab, and goes nowhere else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pretext-electron-'));
    const launch = () =>
      _electron.launch({
        executablePath: electronProgram(root) ?? '',
        args: [root, '-w', join(folder, 'workspace'), ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
        env: { ...process.env, PRETEXT_SETTINGS: join(folder, 'settings') },
      });
    const lab = await launch();
    try {
      const page = await lab.firstWindow();
      await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor();
      expect(page.url()).toMatch(/^app:\/\/lab\//);
      expect(await page.evaluate(() => ['require', 'process'].filter((name) => name in window))).toEqual([]);
      const preferences = await lab.evaluate(({ BrowserWindow }) => {
        const [window] = BrowserWindow.getAllWindows();
        // Electron knows its effective preferences and does not document the way to them.
        const contents = window?.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> };
        return contents.getLastWebPreferences();
      });
      expect(preferences).toMatchObject({ contextIsolation: true, sandbox: true, nodeIntegration: false });
      await page.evaluate(() => {
        window.open('file:///etc/hostname');
        window.location.href = 'https://example.com/';
      });
      await expect.poll(() => page.url(), patience).toMatch(/^app:\/\/lab\//);
      expect(lab.windows()).toHaveLength(1);
      await expectAccessible(page);
      // A second start brings the first one's window to the front and ends by itself.
      const second = await launch().catch(() => undefined);
      await second?.close().catch(() => undefined);
      expect(lab.windows()).toHaveLength(1);
    } finally {
      await lab.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
