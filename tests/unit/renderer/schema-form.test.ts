// @vitest-environment happy-dom
// Forms from schemas: which control a schema asks for, how texts become values, and that a form holds only what was decided.
import { mount } from '@vue/test-utils';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  controlOf,
  fieldsOf,
  problemOf,
  textOf,
  titleOf,
  valueOf,
} from '../../../src/renderer/src/components/schema-form/fields.ts';
import SchemaForm from '../../../src/renderer/src/components/schema-form/SchemaForm.vue';
import { imageImportOptions } from '../../../src/shared/spec/image-import.ts';
import type { JsonSchema } from '../../../src/shared/spec/problems.ts';
import { scheduleOptions } from '../../../src/shared/spec/experiment/schedule.ts';

function schemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input' }) as JsonSchema; // what the lab sends
}

const options = schemaOf(
  z.strictObject({
    type: z.literal('example'),
    layers: z.int().positive().default(2).describe('Number of layers'),
    rate: z.number().gt(0).max(1).optional(),
    pooling: z.enum(['first', 'mean']).default('mean'),
    balanced: z.boolean().default(false),
    sizes: z.array(z.int()).default([3, 4, 5]),
    column: z.string(),
  }),
);

describe('fields of a schema', () => {
  it('finds the control of each option, its default and whether it is needed', () => {
    const fields = fieldsOf(options);
    expect(fields.map(({ key, control, required, default: preset }) => [key, control.kind, required, preset])).toEqual([
      ['layers', 'number', false, 2],
      ['rate', 'number', false, undefined],
      ['pooling', 'choice', false, 'mean'],
      ['balanced', 'boolean', false, false],
      ['sizes', 'list', false, [3, 4, 5]],
      ['column', 'text', true, undefined],
    ]);
    expect(fields[0]?.description).toBe('Number of layers');
  });

  it('makes variants of a union of objects with a tag', () => {
    const control = controlOf(schemaOf(scheduleOptions));
    if (control.kind !== 'variants') throw new Error(`a ${control.kind}`);
    expect(control.tag).toBe('type');
    expect(control.variants.map(({ value }) => value)).toEqual([
      'constant',
      'linear',
      'cosine',
      'one-cycle',
      'slanted-triangular',
      'wsd',
    ]);
    expect(control.variants[3]?.fields.map(({ key }) => key)).toEqual(['riseFraction', 'startDivisor', 'finalDivisor']);
  });

  it('takes the simple branch of a union with an object, and leaves the object alone', () => {
    const size = fieldsOf(schemaOf(imageImportOptions)).find(({ key }) => key === 'size')!;
    expect(size.control.kind).toBe('number');
    expect(problemOf(size, 64)).toBeUndefined();
    expect(problemOf(size, 1)).toBe('should be at least 4');
    expect(problemOf(size, { height: 32, width: 48 })).toBeUndefined();
    expect(valueOf(size.control, '{"height":32,"width":48}')).toEqual({ height: 32, width: 48 });
  });

  it('writes names of options in words', () => {
    expect(titleOf('headLearningRateScale')).toBe('Head learning rate scale');
    expect(titleOf('slanted-triangular')).toBe('Slanted triangular');
  });
});

describe('values of texts', () => {
  const number = controlOf({ type: 'number' });
  const list = controlOf({ type: 'array', items: { type: 'integer' } });

  it.each([
    [number, '1e-4', 1e-4],
    [number, ' 12 ', 12],
    [number, '', undefined],
    [number, '1e-', '1e-'],
    [list, '3, 4,5', [3, 4, 5]],
    [list, '3,', [3]],
    [controlOf({ enum: ['mean', 'max'] }), 'max', 'max'],
    [controlOf({}), '{"a": 1}', { a: 1 }],
  ])('%o: %j is %j', (control, text, value) => {
    expect(valueOf(control, text)).toEqual(value);
  });

  it('writes values back', () => {
    expect(textOf(list, [3, 4])).toBe('3, 4');
    expect(textOf(number, undefined)).toBe('');
    expect(textOf(controlOf({}), { a: 1 })).toBe('{"a":1}');
  });

  it('says what is wrong, and nothing of what is left to its default', () => {
    const [layers, rate, , , sizes, column] = fieldsOf(options);
    expect(problemOf(layers!, undefined)).toBeUndefined();
    expect(problemOf(layers!, 1.5)).toBe('should be a whole number');
    expect(problemOf(layers!, 0)).toBe('should be more than 0');
    expect(problemOf(layers!, 'two')).toBe('should be a whole number');
    expect(problemOf(rate!, 0)).toBe('should be more than 0');
    expect(problemOf(rate!, 1.2)).toBe('should be at most 1');
    expect(problemOf(sizes!, [1, 'x'])).toBe('should be a whole number');
    expect(problemOf(column!, undefined)).toBe('is needed');
  });
});

describe('the form', () => {
  function form(value: Record<string, unknown>, more: Record<string, unknown> = {}) {
    const wrapper = mount(SchemaForm, { props: { schema: options, modelValue: value, ...more } });
    const field = (label: string) => {
      const found = wrapper.findAll('label').find((candidate) => candidate.text().startsWith(label));
      return wrapper.get(`[id="${found?.attributes('for') ?? ''}"]`);
    };
    const latest = () => wrapper.emitted<[unknown]>('update:modelValue')?.at(-1)?.[0];
    return { wrapper, field, latest };
  }

  it('holds only what was decided, and takes it away again', async () => {
    const { wrapper, field, latest } = form({});
    expect(field('Layers').attributes('placeholder')).toBe('2');
    await field('Layers').setValue('6');
    expect(latest()).toEqual({ layers: 6 });
    await wrapper.setProps({ modelValue: { layers: 6 } });
    await wrapper.get('button[aria-label="Back to the default of Layers"]').trigger('click');
    expect(latest()).toEqual({});
  });

  it('does not rewrite a number that is being typed', async () => {
    const { wrapper, field, latest } = form({});
    await field('Rate').setValue('0.');
    await wrapper.setProps({ modelValue: latest() });
    expect((field('Rate').element as { value?: unknown }).value).toBe('0.');
  });

  it('shows the problem beside the control and ties it to it', () => {
    const { field, wrapper } = form({ layers: 3 }, { problems: [{ path: ['layers'], message: 'is too many' }] });
    const input = field('Layers');
    expect(input.attributes('aria-invalid')).toBe('true');
    const described = (input.attributes('aria-describedby') ?? '')
      .split(' ')
      .map((id) => wrapper.get(`[id="${id}"]`).text());
    expect(described).toEqual(['Number of layers', 'is too many']);
  });

  it('folds away what is not primary, and counts what was changed there', () => {
    const { wrapper } = form({ pooling: 'first' }, { primary: ['layers'] });
    expect(wrapper.get('summary').text()).toMatch(/5 more options\s+1 changed/u);
  });
});
