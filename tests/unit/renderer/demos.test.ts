// @vitest-environment happy-dom
// The page of demos: models are found, texts are offered and asked, files are taken or refused, and a quiz is played by keys.
import { flushPromises, mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import AskDemo from '../../../src/renderer/src/features/demos/AskDemo.vue';
import AskFileDemo from '../../../src/renderer/src/features/demos/AskFileDemo.vue';
import { groupModels } from '../../../src/renderer/src/features/demos/find-models.ts';
import { asksForFile, mediumOf, refusal } from '../../../src/renderer/src/features/demos/media.ts';
import QuizDemo from '../../../src/renderer/src/features/demos/QuizDemo.vue';
import { pointStyle } from '../../../src/renderer/src/features/demos/scatter.ts';
import { labKey } from '../../../src/renderer/src/composables/use-lab.ts';
import type { Demo } from '../../../src/shared/contract/demos.ts';
import type { LabClient } from '../../../src/shared/contract/index.ts';

function demo(changes: Partial<Demo> = {}): Demo {
  return {
    run: 'words-abcde',
    kind: 'run',
    name: 'words',
    task: 'masked-words',
    title: 'Masked words',
    form: 'masked-words',
    data: 'brown',
    classes: null,
    input: { kind: 'tokens', shape: [16] },
    frame: null,
    finishedAt: null,
    metric: null,
    examples: [],
    ...changes,
  };
}

const choices = (...labels: readonly string[]) =>
  labels.map((label, index) => ({ label, probability: 0.5 / (index + 1) }));

function mounted(component: object, shown: Demo, methods: object) {
  const lab = { demos: methods } as unknown as LabClient; // only what the page asks for
  return mount(component, {
    props: { demo: shown },
    global: { provide: { [labKey as symbol]: lab } },
    attachTo: 'body',
  });
}

beforeEach(() => {
  setActivePinia(createPinia());
});

describe('the models', () => {
  const models = [
    demo(),
    demo({ run: 'spam-1', title: 'Text classification', data: 'mail' }),
    demo({ run: 'spam-2', title: 'Text classification', data: 'brown' }),
    demo({ run: 'more-words', data: 'mail' }),
  ];
  const found = (searched: string) =>
    groupModels(models, searched).map(({ title, demos }) => [title, demos.map(({ run }) => run)]);

  it('stand by task, in the order of the lab', () => {
    expect(found('')).toEqual([
      ['Masked words', ['words-abcde', 'more-words']],
      ['Text classification', ['spam-1', 'spam-2']],
    ]);
  });

  it('are found by parts of run, task and data, all of which have to be there', () => {
    expect(found('MAIL')).toEqual([
      ['Text classification', ['spam-1']],
      ['Masked words', ['more-words']],
    ]);
    expect(found('  classif brown ')).toEqual([['Text classification', ['spam-2']]]);
    expect(found('spam images')).toEqual([]);
  });
});

describe('a demo of texts', () => {
  const question = (id: number, text: string, truth: string) => ({
    id,
    items: [{ kind: 'text' as const, text }],
    choices: ['ham', 'spam'],
    truth,
    answer: { question: 'class', choices: choices(truth) },
  });

  it('offers texts of the validation split, asks the chosen one and says what it is', async () => {
    const ask = vi.fn(async () =>
      Promise.resolve({
        answers: [{ question: 'Which class?', choices: choices('spam', 'ham') }],
        step: 9,
        engine: 'onnxruntime',
        device: 'cpu',
        milliseconds: 3,
      }),
    );
    const quiz = vi.fn(async () =>
      Promise.resolve({
        form: 'classify-text',
        questions: [question(3, 'see you at noon', 'ham'), question(5, 'win a prize', 'spam')],
      }),
    );
    vi.useFakeTimers();
    try {
      const wrapper = mounted(AskDemo, demo({ form: 'classify-text', classes: ['ham', 'spam'] }), { ask, quiz });
      await flushPromises();
      const offered = wrapper.findAll('.offered');
      expect(offered.map((one) => one.text())).toEqual(['see you at noon', 'win a prize']);
      await offered[1]!.trigger('click');
      await vi.advanceTimersByTimeAsync(500);
      await flushPromises();
      expect(wrapper.get('textarea').element.value).toBe('win a prize');
      expect(ask.mock.calls.at(-1)).toMatchObject([{ run: 'words-abcde', text: 'win a prize' }, {}]);
      expect(wrapper.get('.answers > p').text()).toBe('It is spam.');
      expect(wrapper.findAll('.choices li').map((one) => one.classes('right'))).toEqual([true, false]);
      wrapper.unmount();
    } finally {
      vi.useRealTimers();
    }
  });

  it('fills the gaps of two texts, and asks whether the second follows', async () => {
    const ask = vi.fn(async () =>
      Promise.resolve({
        answers: [
          { question: 'Does the second text follow the first?', choices: choices('IsNext') },
          { question: '[MASK1]', choices: choices('store') },
          { question: '[MASK2]', choices: choices('milk') },
        ],
        step: 9,
        engine: 'onnxruntime',
        device: 'cpu',
        milliseconds: 3,
      }),
    );
    vi.useFakeTimers();
    try {
      const examples = [{ text: 'he went to the [MASK] .', textPair: 'he bought [MASK] .' }];
      const wrapper = mounted(AskDemo, demo({ form: 'masked-words-and-pair', examples }), { ask });
      await vi.advanceTimersByTimeAsync(500);
      await flushPromises();
      expect(ask.mock.calls.at(-1)).toMatchObject([{ text: examples[0]!.text, textPair: examples[0]!.textPair }, {}]);
      const texts = () => wrapper.findAll('textarea').map(({ element }) => String(element.value));
      const buttons = wrapper.findAll('.answers button');
      expect(buttons).toHaveLength(2); // an answer about the pair fills nothing
      await buttons[1]!.trigger('click');
      expect(texts()).toEqual(['he went to the [MASK] .', 'he bought milk .']);
      await buttons[0]!.trigger('click');
      expect(texts()).toEqual(['he went to the store .', 'he bought milk .']);
      wrapper.unmount();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a demo of files', () => {
  it('shows the answer to what is offered, without asking for it again', async () => {
    const ask = vi.fn();
    const picture = { width: 8, height: 8, url: 'data:image/png;base64,AA==' };
    const quiz = vi.fn(async () =>
      Promise.resolve({
        form: 'transcribe-sound',
        questions: [
          {
            id: 4,
            items: [{ kind: 'image' as const, picture }],
            choices: ['see', 'seven'],
            truth: 'seven',
            answer: { question: 'transcript', choices: choices('see', 'seven') },
          },
        ],
      }),
    );
    const wrapper = mounted(AskFileDemo, demo({ form: 'transcribe-sound' }), { ask, quiz });
    await flushPromises();
    await wrapper.get('.offered button').trigger('click');
    expect(wrapper.get('.drop img').attributes('src')).toBe(picture.url);
    expect(wrapper.findAll('.choices li').map((one) => one.classes('right'))).toEqual([false, true]);
    expect(ask).not.toHaveBeenCalled();
    wrapper.unmount();
  });

  it('knows what its model reads, and refuses other files by their names', () => {
    expect(asksForFile('transcribe-image')).toBe(true);
    expect(asksForFile('classify-text')).toBe(false);
    expect([mediumOf('classify-sound'), mediumOf('transcribe-image')]).toEqual(['recording', 'image']);
    const file = (name: string, type: string, size = 1) => ({ name, type, size });
    expect(refusal(file('a.wav', ''), 'recording')).toBeUndefined();
    expect(refusal(file('a', 'audio/x-wav'), 'recording')).toBeUndefined();
    expect(refusal(file('a.mp3', 'audio/mpeg'), 'recording')).toMatch(/^a\.mp3 is not a recording/);
    expect(refusal(file('a.wav', 'audio/wav'), 'image')).toMatch(/^a\.wav is not a picture/);
    expect(refusal(file('a.png', 'image/png', 21 * 1024 * 1024), 'image')).toMatch(/larger/);
  });
});

describe('the quiz', () => {
  it('is played by the keys of the places, and keeps the keyboard to the score', async () => {
    const places = ['above left', 'above', 'above right', 'left', 'right', 'below left', 'below', 'below right'];
    const image = { kind: 'image' as const, picture: { width: 8, height: 8, url: 'data:image/png;base64,AA==' } };
    const question = (id: number, truth: string, model: string) => ({
      id,
      items: [image, image],
      choices: places,
      truth,
      answer: { question: 'class', choices: choices(model) },
    });
    const quiz = vi.fn(async () =>
      Promise.resolve({
        form: 'patch-position',
        questions: [question(1, 'above left', 'right'), question(2, 'below', 'below')],
      }),
    );
    const wrapper = mounted(QuizDemo, demo({ form: 'patch-position' }), { quiz });
    await flushPromises();
    const press = async (key: string) => {
      await wrapper.trigger('keydown', { key }); // it reaches the document
    };
    await press('5'); // the centre is no place
    expect(wrapper.get('.reveal').text()).toBe('');
    await press('7');
    expect(wrapper.get('.reveal').text()).toMatch(/^Right: it is above left\. The model says\s+right\./);
    expect(wrapper.get(':focus').text()).toMatch(/Next question/);
    await wrapper.get('.reveal button').trigger('click');
    await flushPromises();
    expect(wrapper.get(':focus').text()).toBe('Question 2 of 2');
    await press('6');
    expect(wrapper.get('.reveal').text()).toMatch(/^Wrong/);
    await wrapper.get('.reveal button').trigger('click');
    await flushPromises();
    expect(wrapper.get('.score').text()).toBe('You: 1 of 2. The model: 1.');
    expect(wrapper.get(':focus').text()).toMatch(/Play again/);
    wrapper.unmount();
  });
});

describe('the quiz of views', () => {
  it('offers pictures to choose from, and shows who chose which', async () => {
    const image = (number: number) => ({
      kind: 'image' as const,
      picture: { width: 8, height: 8, url: `data:image/png;base64,AA${number}=` },
    });
    const names = ['the first', 'the second', 'the third', 'the fourth'];
    const question = {
      id: 1,
      items: [0, 1, 2, 3, 4].map(image),
      choices: names,
      truth: 'the third',
      answer: { question: 'class', choices: choices('the second') },
    };
    const quiz = vi.fn(async () => Promise.resolve({ form: 'which-view', questions: [question] }));
    const wrapper = mounted(QuizDemo, demo({ form: 'which-view' }), { quiz });
    await flushPromises();
    expect(wrapper.text()).toContain('Which of the four is another view of this image?');
    const offered = wrapper.findAll('button.view');
    expect(offered.map((one) => one.attributes('aria-label'))).toEqual(names.map((name) => `Choose ${name} view`));
    expect(offered[2]!.get('img').attributes('src')).toBe('data:image/png;base64,AA3=');
    await offered[2]!.trigger('click');
    expect(wrapper.get('.reveal').text()).toMatch(/^Right: it is the third\. The model says\s+the second\./);
    expect(offered[2]!.classes()).toContain('right');
    expect(offered[1]!.text()).toBe('the model');
    wrapper.unmount();
  });
});

describe('points of a projection', () => {
  it('never look alike in two classes, as far as there are colours and shapes', () => {
    const looks = Array.from({ length: 32 }, (_, index) => JSON.stringify(pointStyle(index)));
    expect(new Set(looks).size).toBe(32);
    expect(pointStyle(8).colour).toBe(pointStyle(0).colour);
    expect(pointStyle(null).colour).toBe('--text-secondary');
  });
});
