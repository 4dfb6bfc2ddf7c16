// The desktop lab as a program of its own, against the stand-in of Electron, so that it can be killed: opens the window on a page,
// presses a button there, and tells what the page says of the run, a line of JSON for each change.
//
//     node tests/e2e/desktop-program.ts <folder of the built pages> <folder of the settings> <address behind the #> <button>
import { symlink } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { desk, electron } from './electron-stand-in.ts';
import { chromium } from 'playwright-core';
import { chromiumArguments, requireChromium } from '../../scripts/chromium.ts';

const [built = '', userData = '', path = '', button = ''] = process.argv.slice(2);
const standIn = new URL('electron-stand-in.ts', import.meta.url).href;
registerHooks({
  resolve: (name, context, next) =>
    name === 'electron' ? { url: 'stand-in:electron', format: 'module', shortCircuit: true } : next(name, context),
  load: (url, context, next) =>
    url === 'stand-in:electron'
      ? {
          format: 'module',
          shortCircuit: true,
          source: `import { electron } from '${standIn}';\nexport const { ${Object.keys(electron).join(', ')} } = electron;`,
        }
      : next(url, context),
});

desk.browser = await chromium.launch({ executablePath: requireChromium(), args: [...chromiumArguments] });
desk.built = built;
desk.userData = userData;
// In a build, everything lies in `out`.
await symlink(built, join(userData, 'out')).catch(() => undefined);
electron.app.getAppPath = () => userData;
const { startDesktop } = await import('../../src/main/hosts/electron/desktop.ts');
startDesktop();
while (!desk.calls.some(({ name }) => name === 'show')) await new Promise(setImmediate); // until the window is there
const page = desk.windows[0]?.page;
if (!page) throw new Error('no window was opened');
await page.goto('about:blank');
await page.goto(`https://lab.test/#${path}`);
const badge = page.locator('main').getByRole('status').first();
let told = '';
const tell = async (): Promise<void> => {
  const state = await badge.innerText();
  if (state !== told) process.stdout.write(`${JSON.stringify({ state })}\n`);
  told = state;
};
const pressed = page.getByRole('button', { name: button, exact: true });
await pressed.waitFor(); // the run has been read
await tell();
await pressed.click();
for (;;) {
  await tell();
  await page.evaluate(() => new Promise(requestAnimationFrame)); // until the page may have changed
}
