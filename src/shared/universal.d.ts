// What src/shared may use beyond the language: the web platform's globals that Node, Electron, workers and browsers all
// have. Only src/shared/tsconfig.json sees this file; the other programs get the full types of their runtime.
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(encoding?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: ArrayBuffer | ArrayBufferView, options?: { stream?: boolean }): string;
}

declare function structuredClone<Value>(value: Value): Value;
declare function setTimeout(callback: () => void, milliseconds?: number): unknown;
declare function clearTimeout(timer: unknown): void;

declare const performance: { now(): number };
