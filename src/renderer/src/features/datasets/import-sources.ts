/**
 * What a person wants to import: paths of the machine the lab runs on. In the desktop window files have paths of their own; in a
 * browser they are uploaded first, with progress and a way to stop.
 */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { LabClient } from '../../../../shared/contract/index.ts';
import { failure } from '../../../../shared/contract/common.ts';
import { LabError } from '../../../../shared/errors.ts';
import { fromFailure } from '../../../../shared/rpc/protocol.ts';
import { desktopBridge } from '../../transport/desktop-bridge.ts';
import type { ChosenFile } from './dropped-files.ts';

export interface UploadProgress {
  readonly files: number;
  readonly totalFiles: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

export const useImportSources = defineStore('import-sources', createSources);
/** What the guided start begins with. */
export const useStartSources = defineStore('start-sources', createSources);
/** A model that is to be imported. */
export const useModelSources = defineStore('model-sources', createSources);
/** What a model is to be asked about. */
export const useQuestionSources = defineStore('question-sources', createSources);

function createSources() {
  const paths = ref<readonly string[]>([]);
  /** What a person called it, for a name to begin with. */
  const title = ref('');
  const progress = shallowRef<UploadProgress>();
  let upload: string | undefined;
  let controller: AbortController | undefined;

  async function usePaths(lab: LabClient, chosen: readonly string[]): Promise<void> {
    await clear(lab);
    paths.value = chosen;
  }

  async function useFiles(lab: LabClient, files: readonly ChosenFile[]): Promise<void> {
    if (files.length === 0) return;
    const desktop = desktopBridge();
    if (desktop !== undefined) {
      await usePaths(
        lab,
        topPaths(files, (file) => desktop.pathOf(file)),
      );
      return;
    }
    await clear(lab);
    await sendFiles(lab, files);
  }

  async function sendFiles(lab: LabClient, files: readonly ChosenFile[]): Promise<void> {
    const begun = await lab.uploads.begin({});
    if (files.length > begun.maximumFiles) {
      throw new LabError(
        'too-large',
        `An upload takes at most ${begun.maximumFiles} files. Give the lab a path instead`,
      );
    }
    upload = begun.upload;
    controller = new AbortController();
    const { signal } = controller;
    const totalBytes = files.reduce((sum, { file }) => sum + file.size, 0);
    let done = { files: 0, bytes: 0 };
    progress.value = { ...done, totalFiles: files.length, totalBytes };
    const waiting = files.values();
    const sender = async (): Promise<void> => {
      for (const { file, path } of waiting) {
        await sendFile(begun.upload, path, file, signal);
        done = { files: done.files + 1, bytes: done.bytes + file.size };
        progress.value = { ...done, totalFiles: files.length, totalBytes };
      }
    };
    try {
      await Promise.all([sender(), sender(), sender(), sender()]);
      const tops = new Set(files.map(({ path }) => path.split('/')[0] ?? path));
      title.value = [...tops][0] ?? '';
      paths.value = [...tops].map((top) => `${begun.folder}/${top}`);
    } catch (error) {
      controller.abort(); // the other senders
      await clear(lab);
      throw signal.aborted && error instanceof DOMException ? new LabError('aborted', 'Cancelled') : error;
    } finally {
      progress.value = undefined;
    }
  }

  /** Forgets the choice, and the uploaded files with it. */
  async function clear(lab: LabClient): Promise<void> {
    controller?.abort();
    controller = undefined;
    paths.value = [];
    title.value = '';
    const finished = upload;
    upload = undefined;
    if (finished !== undefined) await lab.uploads.finish({ upload: finished });
  }

  /** The import reads the uploaded files; they go when the lab is closed. */
  function handOver(): void {
    upload = undefined;
    paths.value = [];
    title.value = '';
  }

  return {
    paths,
    title,
    progress,
    chosen: computed(() => paths.value.length > 0),
    usePaths,
    useFiles,
    clear,
    handOver,
    cancel: () => controller?.abort(),
  };
}

async function sendFile(upload: string, path: string, file: File, signal: AbortSignal): Promise<void> {
  const address = `/upload/${upload}/${path.split('/').map(encodeURIComponent).join('/')}`;
  const response = await fetch(address, { method: 'POST', body: file, signal });
  if (response.ok) return;
  const answer = failure.safeParse(await response.json().catch(() => undefined));
  throw answer.success ? fromFailure(answer.data) : new LabError('internal', `${path} could not be uploaded`, { path });
}

/** Of the files of a dropped folder, the folder: every file's path without its part below. */
function topPaths(files: readonly ChosenFile[], pathOf: (file: File) => string): readonly string[] {
  return [
    ...new Set(
      files.map(({ file, path }) => {
        const full = pathOf(file);
        const depth = path.split('/').length - 1;
        return full
          .split(/(?=[\\/])/u)
          .slice(0, depth === 0 ? undefined : -depth)
          .join('');
      }),
    ),
  ];
}
