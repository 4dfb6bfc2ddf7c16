/** What people hand to a model as a file: pictures and recordings, their words, and which files are refused. */
import type { DemoForm } from '../../../../shared/contract/demos.ts';

/** As the question's member is called. */
export type Medium = 'image' | 'recording';

export const media: Readonly<
  Record<Medium, { readonly [word in 'title' | 'choose' | 'accept' | 'wait' | 'offered' | 'wanted']: string }>
> = {
  image: {
    title: 'A picture',
    choose: 'Choose, drop or paste a picture',
    accept: 'image/*',
    wait: 'Answers appear when there is a picture.',
    offered: 'Picture of the validation split',
    wanted: 'is not a picture: choose a PNG, JPEG, WebP or GIF file',
  },
  recording: {
    title: 'A recording',
    choose: 'Choose or drop a WAV file',
    accept: '.wav,audio/wav,audio/x-wav',
    wait: 'Answers appear when there is a recording.',
    offered: 'Recording of the validation split, as the network sees it,',
    wanted: 'is not a recording that the lab reads: choose a WAV file',
  },
};

const formsOfFiles: Readonly<Partial<Record<DemoForm, Medium>>> = {
  'classify-image': 'image',
  rotation: 'image',
  'which-view': 'image',
  'transcribe-image': 'image',
  'classify-sound': 'recording',
  'transcribe-sound': 'recording',
  'estimate-image': 'image',
  'estimate-sound': 'recording',
  'label-image': 'image',
  'label-sound': 'recording',
};

/** Whether a demo asks for a file instead of a text. */
export function asksForFile(form: DemoForm): boolean {
  return form in formsOfFiles;
}

export function mediumOf(form: DemoForm): Medium {
  return formsOfFiles[form] ?? 'image';
}

const largestFile = 20 * 1024 * 1024;

/** Why a file is not read; undefined when it is. Systems disagree about the type of WAV files, so their name counts as well. */
export function refusal(file: Pick<File, 'name' | 'type' | 'size'>, medium: Medium): string | undefined {
  const fits =
    medium === 'image'
      ? file.type.startsWith('image/')
      : /^audio\/(?:x-|vnd\.)?wave?$/u.test(file.type) || /\.wave?$/iu.test(file.name);
  if (!fits) return `${file.name} ${media[medium].wanted}`;
  return file.size > largestFile ? `${file.name} is larger than 20 MiB` : undefined;
}
