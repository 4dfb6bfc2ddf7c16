/** Downloads from a hub on this computer: what is loaded, what is resumed, what is refused, and where the token goes. */
import { mkdir, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hubAccess, repositoryName } from '../../../src/main/models/hub/access.ts';
import { downloadModel, planDownload } from '../../../src/main/runs/download-model.ts';
import { downloadFolder, lockDownload, sweepDownloads } from '../../../src/main/workspace/downloads.ts';
import { findModel } from '../../../src/main/workspace/models.ts';
import { isLabError } from '../../../src/shared/errors.ts';
import type { FakeHub } from '../../hub-server.ts';
import { hubCommit, hubToken, listing, serveHub } from '../../hub-server.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace } from '../../tiny-workspace.ts';

const fixture = path.resolve(import.meta.dirname, '../../fixtures/models/bert');
const card = '---\nlicense: mit\n---\n# Tiny\n';
const files = new Map<string, Buffer>();
let hub: FakeHub;
let tiny: TinyWorkspace;

beforeAll(async () => {
  for (const name of ['config.json', 'vocab.txt', 'model.safetensors']) {
    files.set(name, await readFile(path.join(fixture, name)));
  }
  files.set('README.md', Buffer.from(card));
  files.set('pytorch_model.bin', Buffer.from('not needed'));
  files.set('onnx/model.onnx', Buffer.from('not needed'));
  tiny = await createTinyWorkspace();
});

afterAll(() => tiny.remove());

beforeEach(async () => {
  hub = await serveHub(files);
});

afterEach(async () => {
  await hub.close();
  await rm(tiny.workspace.models, { recursive: true, force: true });
  await rm(path.join(tiny.workspace.folder, '.downloads'), { recursive: true, force: true });
});

const access = (token: string | undefined = hubToken) => hubAccess({ HF_ENDPOINT: hub.endpoint, HF_TOKEN: token });
const quick = { pauseMilliseconds: 0, signal: new AbortController().signal };
const weightBytes = (): number => files.get('model.safetensors')!.length;

async function download(options: Partial<Parameters<typeof downloadModel>[4]> = {}) {
  const plan = await planDownload(access(), 'acme/tiny', 'main', quick.signal);
  return downloadModel(tiny.workspace, access(), plan, plan.suggestedName, { ...quick, ...options });
}

/** What a failed download says; nothing of a model may be left. */
async function failure(attempt: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isLabError(error)) throw new Error('the download did not fail as it should', { cause: error });
  expect(error.message).not.toContain(hubToken);
  expect(await readdir(tiny.workspace.models).catch(() => [])).toEqual([]);
  return error;
}

/** Breaks the connection once so many bytes of the weights are here. */
const breakAt =
  (...places: readonly number[]) =>
  (_phase: string, done: number, total: number): void => {
    if (places.includes(done - (total - weightBytes()))) hub.breakPaused();
  };

const kept = async (): Promise<string[]> => {
  const [folder] = await readdir(path.join(tiny.workspace.folder, '.downloads'));
  return (await readdir(path.join(tiny.workspace.folder, '.downloads', folder!))).sort();
};

describe('a download', () => {
  it('brings the files that are needed, and imports them with where they are from', async () => {
    const seen: [string, number, number][] = [];
    const manifest = await download({ onProgress: (phase, done, total) => void seen.push([phase, done, total]) });
    expect(manifest).toMatchObject({
      name: 'tiny',
      source: { path: `${hub.endpoint}/acme/tiny`, revision: hubCommit, licence: 'mit' },
    });
    expect(manifest.source.files.map(({ name }) => name)).toEqual([
      'README.md',
      'config.json',
      'model.safetensors',
      'vocab.txt',
    ]);
    expect((await findModel(tiny.workspace, 'tiny')).manifest.heads).toHaveLength(2);
    expect(hub.requests.some(({ path: asked }) => /onnx|pytorch_model/u.test(asked))).toBe(false);
    const bytes = seen.filter(([phase]) => phase === 'Download').map(([, done]) => done);
    expect(bytes).toEqual(bytes.toSorted((a, b) => a - b));
    expect(bytes.at(-1)).toBe(seen[0]?.[2]);
    expect(await readdir(path.join(tiny.workspace.folder, '.downloads'))).toEqual([]);
  });

  it('sends the token to the hub, and to no other server', async () => {
    await download();
    const sent = (server: string) =>
      new Set(hub.requests.filter((one) => one.server === server).map(({ authorization }) => authorization));
    expect(sent('hub')).toEqual(new Set([`Bearer ${hubToken}`]));
    expect(sent('files')).toEqual(new Set([undefined]));
    const written = await readFile(path.join(tiny.workspace.models, 'tiny', 'manifest.json'), 'utf8');
    expect(written).not.toContain(hubToken);
  });

  it('removes what was broken off long ago or is of another state, and leaves what somebody is at', async () => {
    const { workspace } = tiny;
    const broken = async (model: string, commit: string, days: number): Promise<string> => {
      const folder = downloadFolder(workspace, model, commit);
      await mkdir(folder, { recursive: true });
      await writeFile(path.join(folder, 'model.safetensors.part'), 'half');
      const then = Date.now() / 1000 - days * 24 * 3600;
      for (const place of [path.join(folder, 'model.safetensors.part'), folder]) await utimes(place, then, then);
      return folder;
    };
    const [old, recent, other, busy] = await Promise.all([
      broken('acme/old', 'a'.repeat(40), 31),
      broken('acme/recent', 'b'.repeat(40), 3),
      broken('acme/tiny', 'c'.repeat(40), 0),
      broken('acme/busy', 'd'.repeat(40), 90),
    ]);
    const gone = { pid: 2 ** 30, host: hostname() };
    await writeFile(`${old}.lock`, JSON.stringify(gone));
    const unlock = await lockDownload(busy);
    await download();
    const left = await readdir(path.join(workspace.folder, '.downloads'));
    expect(left.sort()).toEqual([path.basename(busy), `${path.basename(busy)}.lock`, path.basename(recent)].sort());
    expect(left).not.toContain(path.basename(other));
    await unlock();
    await sweepDownloads(workspace);
    expect(await readdir(path.join(workspace.folder, '.downloads'))).toEqual([path.basename(recent)]);
  });

  it('follows a model that has another name now', async () => {
    const plan = await planDownload(access(), 'old-tiny', 'main', quick.signal);
    expect(plan.listing.name).toBe('acme/tiny');
  });

  it('goes on within one call where the connection broke', async () => {
    hub.fault = { pause: { file: 'model.safetensors', after: 1000, times: 2 } };
    await download({ onProgress: breakAt(1000, 2000) });
    const ranges = hub.requests.filter(({ server }) => server === 'files').map(({ range }) => range);
    expect(ranges).toEqual([undefined, 'bytes=1000-', 'bytes=2000-']);
  });

  it('keeps what came when it is stopped, and goes on from there later', async () => {
    hub.fault = { pause: { file: 'model.safetensors', after: 1500, times: 1 } };
    const controller = new AbortController();
    const stop = (_phase: string, done: number, total: number): void => {
      if (done === total - weightBytes() + 1500) controller.abort();
    };
    expect((await failure(download({ signal: controller.signal, onProgress: stop }))).code).toBe('aborted');
    expect(await kept()).toEqual(['README.md', 'config.json', 'model.safetensors.part', 'vocab.txt']);
    hub.fault = {};
    await download();
    expect(hub.requests.filter(({ server }) => server === 'files').map(({ range }) => range)).toEqual(['bytes=1500-']);
    expect(hub.requests.some(({ path: asked }) => asked.endsWith('vocab.txt'))).toBe(false);
  });

  it('begins anew where the server knows no ranges', async () => {
    hub.fault = { pause: { file: 'model.safetensors', after: 1000, times: 1 }, ignoreRange: true };
    await expect(download({ onProgress: breakAt(1000) })).resolves.toMatchObject({ name: 'tiny' });
  });

  it('reads the shards that an index names', async () => {
    const index = { weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors', c: 'model-1.safetensors' } };
    const shards = new Map([
      ...files,
      ['model-1.safetensors', Buffer.from('1')],
      ['model-2.safetensors', Buffer.from('2')],
    ]);
    shards.delete('model.safetensors');
    shards.set('model.safetensors.index.json', Buffer.from(JSON.stringify(index)));
    await using sharded = { hub: await serveHub(shards), [Symbol.asyncDispose]: () => sharded.hub.close() };
    const plan = await planDownload(
      hubAccess({ HF_ENDPOINT: sharded.hub.endpoint }),
      'acme/tiny',
      'main',
      quick.signal,
    );
    expect(
      plan.files
        .map(({ name }) => name)
        .filter((name) => name.startsWith('model'))
        .sort(),
    ).toEqual(['model-1.safetensors', 'model-2.safetensors', 'model.safetensors.index.json']);
  });
});

describe('a download that fails', () => {
  it('removes a file with other bytes than those listed', async () => {
    hub.fault = { damage: 'vocab.txt' };
    expect(await failure(download())).toMatchObject({ code: 'corrupt', message: expect.stringContaining('vocab.txt') });
    hub.fault = { damage: 'model.safetensors' };
    expect(await failure(download())).toMatchObject({ code: 'corrupt', message: expect.stringContaining('digest') });
    expect(await kept()).toEqual(['README.md', 'config.json', 'vocab.txt']);
  });

  it('stops at a file that is longer than listed', async () => {
    hub.fault = { lengthen: 'model.safetensors' };
    expect((await failure(download())).message).toMatch(/longer than/u);
  });

  it('says after some attempts how far it came', async () => {
    hub.fault = { cut: 'model.safetensors' };
    expect((await failure(download())).code).toBe('network');
  });

  it('says what a refusal means', async () => {
    const refused = async (code: number, headers: Record<string, string> = {}, token?: string): Promise<string> => {
      hub.fault = { status: { code, headers } };
      const error = await failure(planDownload(access(token ?? ''), 'acme/tiny', 'v9', quick.signal));
      return `${error.code}: ${error.message}`;
    };
    expect(await refused(401, { 'x-error-code': 'RepoNotFound' })).toMatch(
      /^unauthorised: .*private or gated.*HF_TOKEN/u,
    );
    expect(await refused(401, {}, hubToken)).toMatch(/^unauthorised: .*does not accept HF_TOKEN/u);
    expect(await refused(403, { 'x-error-code': 'GatedRepo' }, hubToken)).toMatch(/accept them/u);
    expect(await refused(404, { 'x-error-code': 'RevisionNotFound' })).toMatch(/^not-found: .*no revision 'v9'/u);
    expect(await refused(404)).toMatch(/^not-found: .*no model acme\/tiny/u);
    expect(await refused(429, { 'retry-after': '30' })).toMatch(/^too-many: .*in 30 seconds/u);
    expect(await refused(503)).toMatch(/^network: .*status 503.*later/u);
  });

  it('does not wait for ever for a server that says nothing, or is not there', async () => {
    const plan = await planDownload(access(), 'acme/tiny', 'main', quick.signal);
    hub.fault = { silent: true };
    const attempt = downloadModel(tiny.workspace, access(), plan, 'tiny', { ...quick, patienceMilliseconds: 20 });
    expect(await failure(attempt)).toMatchObject({ code: 'network', message: expect.stringContaining('sent nothing') });
    await hub.close();
    expect(await failure(planDownload(access(), 'acme/tiny', 'main', quick.signal))).toMatchObject({ code: 'network' });
    hub = await serveHub(files);
  });

  it('follows no redirect that would go in clear text to strangers or in circles', async () => {
    hub.fault = { location: 'file:///etc/passwd' };
    expect((await failure(download())).message).toMatch(/not followed/u);
    hub.fault = { location: `/acme/tiny/resolve/${hubCommit}/model.safetensors` };
    expect((await failure(download())).message).toMatch(/circle/u);
  });

  it('trusts no repository with names that lead out of a folder', async () => {
    for (const name of ['../config.json', '/etc/passwd', 'a/../../b', 'C:\\x', 'a\\..\\b', 'a\0b', '..']) {
      hub.fault = { listing: listing(new Map([...files, [name, Buffer.from('{}')]])) };
      expect(await failure(download())).toMatchObject({ code: 'bad-input' });
    }
    const index = Buffer.from(JSON.stringify({ weight_map: { a: '../../x.safetensors' } }));
    const shards = new Map([...files, ['model.safetensors.index.json', index]]);
    shards.delete('model.safetensors');
    await using hostile = { hub: await serveHub(shards), [Symbol.asyncDispose]: () => hostile.hub.close() };
    const other = hubAccess({ HF_ENDPOINT: hostile.hub.endpoint });
    expect((await failure(planDownload(other, 'acme/tiny', 'main', quick.signal))).code).toBe('bad-input');
  });

  it('asks for nothing with a name that is none', () => {
    const at = hubAccess({});
    for (const name of [
      '../x',
      'a/../b',
      'a/b/c',
      '',
      '/etc/passwd',
      'a/.b',
      'a b/c',
      '-a/b',
      'a/b?x=1',
      'a/b#c',
      'a%2f..',
    ]) {
      expect(() => repositoryName(name, at), name).toThrow(/not the name of a model/u);
    }
    expect(repositoryName('https://huggingface.co/acme/tiny/tree/main', at)).toBe('acme/tiny');
    expect(repositoryName('gpt2', at)).toBe('gpt2');
  });

  it('keeps the token to itself', () => {
    expect(() => hubAccess({ HF_TOKEN: 'hf_a\nb' })).toThrow(/characters that no token has/u);
    expect(() => hubAccess({ HF_ENDPOINT: 'http://hub.example', HF_TOKEN: 'hf_a' })).toThrow(/others can read/u);
    expect(() => hubAccess({ HF_ENDPOINT: 'https://user:word@hub.example' })).toThrow(/not an address/u);
    expect(() => hubAccess({ HF_ENDPOINT: 'ftp://hub.example' })).toThrow(/not an address/u);
  });

  it('is not a hub', async () => {
    hub.fault = { listing: { models: [] } };
    expect((await failure(download())).message).toMatch(/does not answer as a hub does: sha/u);
    hub.fault = { listing: listing(new Map([['README.md', Buffer.from(card)]])) };
    expect((await failure(download())).message).toMatch(/no weights that the lab reads/u);
  });
});
