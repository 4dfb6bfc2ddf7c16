/**
 * Sessions of ONNX Runtime, which hold no weights: those are inputs. So one that is not needed any more can serve the next program
 * that is the same to the byte, and a process that trains one small run after the other compiles only once.
 */
import { createHash } from 'node:crypto';
import { InferenceSession } from 'onnxruntime-node';

/** As much of a session as executables need. */
export type CompiledGraph = Pick<InferenceSession, 'run' | 'release'>;

/** Not in use, the one that was released last at the end. */
const kept = new Map<string, InferenceSession>();
let most = 0;
let mostResident = 0;

/**
 * Keeps so many sessions that were released; by default none. Each holds the memory that its activations need: while more
 * than `resident` bytes are in use by the process, none is kept.
 */
export function keepSessions(count: number, resident: number): void {
  most = count;
  mostResident = resident;
}

/** Throws what ONNX Runtime does. */
export async function openSession(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<CompiledGraph> {
  if (most === 0) return InferenceSession.create(model, options);
  const key = createHash('sha256').update(JSON.stringify(options)).update('\n').update(model).digest('hex');
  const known = kept.get(key);
  kept.delete(key);
  const session = known ?? (await InferenceSession.create(model, options));
  return {
    run: session.run.bind(session),
    release: () => keep(key, session),
  };
}

async function keep(key: string, session: InferenceSession): Promise<void> {
  await kept.get(key)?.release(); // two of one kind were in use
  kept.delete(key);
  if (process.memoryUsage.rss() > mostResident) {
    await session.release();
    return;
  }
  kept.set(key, session);
  for (const [oldest, other] of kept) {
    if (kept.size <= most) return;
    kept.delete(oldest);
    await other.release();
  }
}
