/** Shortcuts as text: matching keyboard events, sequences, and how they are shown. */

export interface KeyStroke {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

const shown: Readonly<Record<string, string>> = {
  arrowup: '↑',
  arrowdown: '↓',
  arrowleft: '←',
  arrowright: '→',
  escape: 'Esc',
  delete: 'Del',
  enter: 'Enter',
  space: 'Space',
};

/** The strokes of a shortcut: `g d` has two. */
export function strokesOf(keys: string): readonly string[] {
  return keys.split(' ');
}

/** Whether a keyboard event is the stroke `mod+shift+z`. */
export function matchesStroke(event: KeyStroke, stroke: string, mac: boolean): boolean {
  const parts = stroke.toLowerCase().split('+');
  const key = parts.at(-1) === '' ? '+' : parts.at(-1);
  const modifiers = new Set(parts.slice(0, -1));
  const named = event.key === ' ' ? 'space' : event.key.toLowerCase();
  const pressed = named === 'backspace' ? 'delete' : named; // small keyboards have one of them
  if (pressed !== key) return false;
  const control = modifiers.has('ctrl') || (modifiers.has('mod') && !mac);
  const meta = modifiers.has('mod') && mac;
  // Signs such as ? already say what Shift did to the key; letters and named keys do not.
  const shiftSpeaks = /^([a-z]|.{2,})$/u.test(key);
  return (
    event.ctrlKey === control &&
    event.metaKey === meta &&
    event.altKey === modifiers.has('alt') &&
    (!shiftSpeaks || event.shiftKey === modifiers.has('shift'))
  );
}

/** `mod+k` → `['Ctrl', 'K']`; strokes of a sequence follow one another. */
export function showStroke(stroke: string, mac: boolean): readonly string[] {
  return stroke.split('+').map((part) => {
    if (part === 'mod') return mac ? '⌘' : 'Ctrl';
    if (part === 'shift') return mac ? '⇧' : 'Shift';
    if (part === 'alt') return mac ? '⌥' : 'Alt';
    return shown[part.toLowerCase()] ?? (part.length === 1 ? part.toUpperCase() : part);
  });
}

/** Follows keys that are pressed one after the other. */
export class SequenceMatcher<Bound> {
  private position:
    { readonly candidates: readonly Bound[]; readonly length: number; readonly until: number } | undefined;
  private readonly keysOf: (bound: Bound) => string;
  private readonly mac: boolean;
  private readonly patience: number;

  constructor(keysOf: (bound: Bound) => string, mac: boolean, patience = 1200) {
    this.keysOf = keysOf;
    this.mac = mac;
    this.patience = patience;
  }

  /** What a stroke completes; `pending` when it is the beginning of a longer sequence. */
  press(event: KeyStroke, all: readonly Bound[], now: number): Bound | 'pending' | undefined {
    const { position } = this;
    this.position = undefined;
    if (position !== undefined && now <= position.until) {
      const continued = this.match(event, position.candidates, position.length);
      if (continued.length > 0) return this.advance(continued, position.length + 1, now);
    }
    const begun = this.match(event, all, 0);
    return begun.length > 0 ? this.advance(begun, 1, now) : undefined;
  }

  private match(event: KeyStroke, candidates: readonly Bound[], index: number): readonly Bound[] {
    return candidates.filter((candidate) => {
      const stroke = strokesOf(this.keysOf(candidate))[index];
      return stroke !== undefined && matchesStroke(event, stroke, this.mac);
    });
  }

  private advance(candidates: readonly Bound[], length: number, now: number): Bound | 'pending' {
    const complete = candidates.findLast((candidate) => strokesOf(this.keysOf(candidate)).length === length);
    if (complete !== undefined) return complete;
    this.position = { candidates, length, until: now + this.patience };
    return 'pending';
  }
}

export function isMac(): boolean {
  return typeof navigator !== 'undefined' && /Mac|iPhone|iPad/u.test(navigator.userAgent);
}
