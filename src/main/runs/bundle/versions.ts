/** What a result depends on besides its spec: the versions that computed it. */
import { createRequire } from 'node:module';

const requireHere = createRequire(import.meta.url);

/** Of ONNX Runtime, which is the default engine; empty where it is not installed. */
export function engineVersion(): string {
  try {
    const { version } = requireHere('onnxruntime-node/package.json') as { readonly version: string }; // of every package
    return `onnxruntime-node ${version}`;
  } catch {
    return '';
  }
}
