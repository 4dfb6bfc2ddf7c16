/** The workspace and the machine it is on. */
import { z } from 'zod';
import { count, moment, nothing } from './common.ts';
import { request, subscription } from './define.ts';

export const workspaceInfo = z.object({
  folder: z.string(),
  lab: z.object({ version: z.string(), host: z.enum(['desktop', 'server', 'command-line']) }),
  machine: z.object({
    platform: z.string(),
    processor: z.string(),
    threads: z.int(),
    memoryBytes: count,
  }),
  counts: z.object({ corpora: count, datasets: count, runs: count, queued: count, running: count }),
  /** Folders in the workspace that hold nothing readable, and what is wrong. */
  damaged: z.array(z.object({ folder: z.string(), message: z.string() })),
  /** Things a person should know, e.g. runs that were interrupted or a disk that is nearly full. */
  notices: z.array(
    z.object({ id: z.string(), severity: z.enum(['information', 'warning', 'error']), message: z.string() }),
  ),
});

const device = z.object({
  device: z.string(),
  description: z.string(),
  available: z.boolean(),
  /** Why it is not available, and what would make it so. */
  reason: z.string().nullable(),
  /** Only after a diagnosis: relative error of gradients, billions of operations a second, and what failed. */
  gradientError: z.number().nullable(),
  gigaflops: z.number().nullable(),
  /** Milliseconds of a training step, by preset. */
  stepMilliseconds: z.record(z.string(), z.number()).nullable(),
  problem: z.string().nullable(),
});

export const engineStatus = z.object({
  engine: z.string(),
  version: z.string().nullable(),
  /** Why the engine cannot be loaded. */
  problem: z.string().nullable(),
  devices: z.array(device),
});
export type EngineStatus = z.infer<typeof engineStatus>;

export const diskUse = z.object({
  freeBytes: count,
  totalBytes: count,
  parts: z.array(
    z.object({ name: z.enum(['corpora', 'datasets', 'models', 'runs', 'deleted', 'other']), bytes: count }),
  ),
});

export const changedPart = z.enum([
  'materials',
  'models',
  'runs',
  'queue',
  'jobs',
  'experiments',
  'pipelines',
  'notices',
]);
export type ChangedPart = z.infer<typeof changedPart>;

export const workspaceContract = {
  info: request('The workspace, the machine, and what a person should know', nothing, workspaceInfo),
  disk: request('Space on the disk, and what takes it', nothing, diskUse),
  recent: request(
    'Workspaces that were opened on this machine, latest first',
    nothing,
    z.array(z.object({ folder: z.string(), openedAt: moment, exists: z.boolean(), current: z.boolean() })),
  ),
  engines: request(
    'Engines and devices that are there; `diagnose` also checks gradients and measures speed, which takes a while',
    z.strictObject({ diagnose: z.boolean().default(false) }),
    z.array(engineStatus),
  ),
  watch: subscription(
    'Which parts changed, at most ten times a second: read them again',
    nothing,
    z.object({ changed: z.array(changedPart) }),
  ),
};
