/**
 * Reads pickles (Python's `pickletools` describes the opcodes, protocols 0 to 5) without running anything: a name of Python
 * becomes only what `PickleRules` make of it, and every other one is refused. Opcodes that exist to build objects of arbitrary
 * classes are not understood at all.
 */
import { LabError } from '../../../shared/errors.ts';
import { DamagedPickle, PickleCursor } from './pickle-cursor.ts';
import type { PickleValue } from './pickle-values.ts';
import { isDictionary, isKind } from './pickle-values.ts';

export interface PickleRules {
  /** What a name such as `collections.OrderedDict` stands for. Throws `LabError` for every name that is not allowed. */
  readonly global: (name: string) => PickleValue;
  /** What a reference to data outside of the pickle stands for. */
  readonly persistent: (id: PickleValue) => PickleValue;
}

/** Fifty thousand tensors take fewer. What a pickle can make of itself stays below half a gigabyte. */
const maximumOpcodes = 2_000_000;
/** Numbers of Python may be of any length; those of weights are not. */
const maximumLongBytes = 64;

/**
 * One pickle, from `position` to its end.
 *
 * Throws `PickleEndsEarly` where the bytes end before it, `DamagedPickle` for what is no pickle, and `LabError` for what the rules
 * refuse.
 */
export function unpickle(
  bytes: Uint8Array,
  position: number,
  rules: PickleRules,
): { readonly value: PickleValue; readonly end: number } {
  const machine: Machine = {
    cursor: new PickleCursor(bytes, position),
    rules,
    stack: [],
    marks: [],
    memo: new Map(),
  };
  for (let count = 0; count < maximumOpcodes; count++) {
    const code = machine.cursor.uint8();
    if (code === stopCode) return { value: pop(machine), end: machine.cursor.position };
    const operation = operations.get(code);
    if (!operation) {
      const name = refusedOpcodes[String.fromCharCode(code)];
      throw new DamagedPickle(
        name === undefined ? `${code} is not an opcode` : `it builds objects with ${name}, which weights do not need`,
      );
    }
    operation(machine);
  }
  throw new DamagedPickle(`it has more than ${maximumOpcodes} opcodes`);
}

interface Machine {
  readonly cursor: PickleCursor;
  readonly rules: PickleRules;
  stack: PickleValue[];
  /** The stacks below the marks that are open. */
  readonly marks: PickleValue[][];
  readonly memo: Map<number, PickleValue>;
}

function pop({ stack }: Machine): PickleValue {
  const value = stack.pop();
  if (value === undefined) throw new DamagedPickle('an opcode has nothing to work on');
  return value;
}

function top({ stack }: Machine): PickleValue {
  if (stack.length === 0) throw new DamagedPickle('an opcode has nothing to work on');
  return stack[stack.length - 1]!; // it is not empty
}

/** What was pushed since the last mark. */
function popMarked(machine: Machine): PickleValue[] {
  const below = machine.marks.pop();
  if (!below) throw new DamagedPickle('an opcode needs a mark that is not there');
  const values = machine.stack;
  machine.stack = below;
  return values;
}

function popSeveral(machine: Machine, count: number): PickleValue[] {
  if (machine.stack.length < count) throw new DamagedPickle('an opcode has nothing to work on');
  return machine.stack.splice(machine.stack.length - count);
}

function addToList(machine: Machine, values: readonly PickleValue[]): void {
  const list = top(machine);
  if (!Array.isArray(list)) throw new DamagedPickle('something is appended to what is not a list');
  for (const value of values) list.push(value);
}

function addToDictionary(machine: Machine, pairs: readonly PickleValue[]): void {
  const dictionary = top(machine);
  if (!isDictionary(dictionary)) throw new DamagedPickle('an item is put into what is no dictionary');
  if (pairs.length % 2 !== 0) throw new DamagedPickle('a key has no value');
  for (let index = 0; index < pairs.length; index += 2) dictionary.set(pairs[index]!, pairs[index + 1]!);
}

function call(machine: Machine): void {
  const [callee, argumentList] = popSeveral(machine, 2);
  if (!isKind(callee, 'global') || !callee.call || !Array.isArray(argumentList)) {
    const what = isKind(callee, 'global') ? callee.name : 'what is no function';
    throw new LabError('bad-input', `it calls ${what}, which cannot be read`);
  }
  machine.stack.push(callee.call(argumentList));
}

/** Attributes of what was built. Those of an OrderedDict (the versions of modules) and of a tensor are of no use here. */
function setState(machine: Machine): void {
  pop(machine);
  const target = top(machine);
  if (!isDictionary(target) && !isKind(target, 'tensor')) {
    throw new DamagedPickle('it sets the state of what is neither a dictionary nor a tensor');
  }
}

function remember(machine: Machine, key: number): void {
  machine.memo.set(key, top(machine));
}

function recall({ memo, stack }: Machine, key: number): void {
  const value = memo.get(key);
  if (value === undefined) throw new DamagedPickle(`it recalls ${key}, which was not memorised`);
  stack.push(value);
}

/** Little-endian, two's complement. */
function readLong({ cursor }: Machine, length: number): number | bigint {
  if (length > maximumLongBytes) throw new DamagedPickle(`a number has ${length} bytes`);
  const bytes = cursor.take(length);
  let value = 0n;
  for (const [index, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(8 * index);
  const signed = BigInt.asIntN(8 * length, value);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

function decimal(text: string): number | boolean {
  if (text === '00' || text === '01') return text === '01'; // the truth values of protocol 0
  const digits = text.replace(/L$/, '');
  if (!/^-?\d{1,15}$/.test(digits)) throw new DamagedPickle(`'${text.slice(0, 40)}' is not a whole number`);
  return Number(digits);
}

function decimalKey(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new DamagedPickle(`'${text.slice(0, 40)}' is not a place of the memo`);
  return Number(text);
}

function decimalFloat(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new DamagedPickle(`'${text.slice(0, 40)}' is not a number`);
  return value;
}

/** A text of protocol 0 in quotes, as `repr` writes it, without escapes. */
function quoted(text: string): string {
  const match = /^(['"])([^\\]*)\1$/.exec(text);
  if (!match) throw new DamagedPickle('a text is not in quotes');
  return match[2]!; // the pattern has two groups
}

const push =
  (read: (machine: Machine) => PickleValue) =>
  (machine: Machine): void => {
    const value = read(machine); // which may put another stack in the place of this one
    machine.stack.push(value);
  };

function globalOf(machine: Machine, module: PickleValue | undefined, name: PickleValue | undefined): PickleValue {
  if (typeof module !== 'string' || typeof name !== 'string') throw new DamagedPickle('a name of Python is not text');
  return machine.rules.global(`${module}.${name}`);
}

type Operation = (machine: Machine) => void;

const stopCode = '.'.charCodeAt(0);

/** By the characters and numbers that `pickletools` has for them. */
const operations: ReadonlyMap<number, Operation> = new Map(
  Object.entries<Operation>({
    '(': (machine) => {
      machine.marks.push(machine.stack);
      machine.stack = [];
    },
    '0': (machine) => void pop(machine),
    '1': (machine) => void popMarked(machine),
    '2': push(top),
    N: push(() => null),
    I: push(({ cursor }) => decimal(cursor.line())),
    L: push(({ cursor }) => decimal(cursor.line())),
    J: push(({ cursor }) => cursor.int32()),
    K: push(({ cursor }) => cursor.uint8()),
    M: push(({ cursor }) => cursor.uint16()),
    F: push(({ cursor }) => decimalFloat(cursor.line())),
    G: push(({ cursor }) => cursor.float64()),
    S: push(({ cursor }) => quoted(cursor.line())),
    V: push(({ cursor }) => cursor.line()),
    T: push(({ cursor }) => cursor.latin1(cursor.length32())),
    U: push(({ cursor }) => cursor.latin1(cursor.uint8())),
    X: push(({ cursor }) => cursor.utf8(cursor.uint32())),
    B: push(({ cursor }) => cursor.take(cursor.uint32())),
    C: push(({ cursor }) => cursor.take(cursor.uint8())),
    ']': push(() => []),
    l: push(popMarked),
    a: (machine) => {
      const value = pop(machine);
      addToList(machine, [value]);
    },
    e: (machine) => {
      const values = popMarked(machine);
      addToList(machine, values);
    },
    ')': push(() => []),
    t: push(popMarked),
    '}': push(() => new Map()),
    d: (machine) => {
      const pairs = popMarked(machine);
      machine.stack.push(new Map());
      addToDictionary(machine, pairs);
    },
    s: (machine) => {
      const pair = popSeveral(machine, 2);
      addToDictionary(machine, pair);
    },
    u: (machine) => {
      const pairs = popMarked(machine);
      addToDictionary(machine, pairs);
    },
    c: push((machine) => globalOf(machine, machine.cursor.line(), machine.cursor.line())),
    R: call,
    b: setState,
    P: push(({ cursor, rules }) => rules.persistent(cursor.line())),
    Q: push((machine) => machine.rules.persistent(pop(machine))),
    p: (machine) => {
      remember(machine, decimalKey(machine.cursor.line()));
    },
    q: (machine) => {
      remember(machine, machine.cursor.uint8());
    },
    r: (machine) => {
      remember(machine, machine.cursor.uint32());
    },
    g: (machine) => {
      recall(machine, decimalKey(machine.cursor.line()));
    },
    h: (machine) => {
      recall(machine, machine.cursor.uint8());
    },
    j: (machine) => {
      recall(machine, machine.cursor.uint32());
    },
    // The protocol and the length of a frame say nothing that is needed.
    '\x80': ({ cursor }) => void cursor.uint8(),
    '\x95': ({ cursor }) => void cursor.length64(),
    '\x81': call, // cls.__new__(cls, …): for the classes that are let through the same as a call
    '\x85': push((machine) => popSeveral(machine, 1)),
    '\x86': push((machine) => popSeveral(machine, 2)),
    '\x87': push((machine) => popSeveral(machine, 3)),
    '\x88': push(() => true),
    '\x89': push(() => false),
    '\x8a': push((machine) => readLong(machine, machine.cursor.uint8())),
    '\x8b': push((machine) => readLong(machine, machine.cursor.length32())),
    '\x8c': push(({ cursor }) => cursor.utf8(cursor.uint8())),
    '\x8d': push(({ cursor }) => cursor.utf8(cursor.length64())),
    '\x8e': push(({ cursor }) => cursor.take(cursor.length64())),
    '\x8f': push(() => new Set<PickleValue>()),
    '\x90': (machine) => {
      const values = popMarked(machine);
      const set = top(machine);
      if (!(set instanceof Set)) throw new DamagedPickle('something is put into what is no set');
      for (const value of values) set.add(value);
    },
    '\x91': push((machine) => new Set(popMarked(machine))),
    '\x93': push((machine) => {
      const [module, name] = popSeveral(machine, 2);
      return globalOf(machine, module, name);
    }),
    '\x94': (machine) => {
      remember(machine, machine.memo.size);
    },
    '\x96': push(({ cursor }) => cursor.take(cursor.length64())),
  }).map(([character, operation]) => [character.charCodeAt(0), operation]),
);

const refusedOpcodes: Readonly<Record<string, string>> = {
  i: 'INST',
  o: 'OBJ',
  '\x82': 'EXT1',
  '\x83': 'EXT2',
  '\x84': 'EXT4',
  '\x92': 'NEWOBJ_EX',
  '\x97': 'NEXT_BUFFER',
  '\x98': 'READONLY_BUFFER',
};
