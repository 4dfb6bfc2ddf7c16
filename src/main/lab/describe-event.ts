/** The events of a run as lines of a log. */
import type { RunEvent } from '../../shared/spec/run/events.ts';
import { formatCount, formatNumber, plural } from '../../shared/display.ts';

export type Severity = 'information' | 'warning' | 'error';

/** How loudly a log shows an event. */
export function severityOf({ type }: RunEvent): Severity {
  if (type === 'failed') return 'error';
  return type === 'notice' || type === 'stopped' ? 'warning' : 'information';
}

/** One line, with numbers as people read them. */
export function describeEvent(event: RunEvent): string {
  switch (event.type) {
    case 'created':
      return `Created as ${event.id} by version ${event.lab} of the lab`;
    case 'started':
    case 'resumed':
      return `${event.type === 'started' ? 'Started' : `Resumed at step ${event.step}`} on ${event.deviceName} (${event.engine}, ${event.device}): ${event.totalSteps} steps of ${event.examplesPerStep} examples, ${formatCount(event.trainable)} of ${plural(event.parameters, 'parameter')} trained`;
    case 'transfer':
      return `Weights of ${event.source}: ${event.matched} matched, ${event.fresh} new, ${event.mismatched} did not fit, ${event.unused} not used`;
    case 'step':
      return `${values(event.scalars)}, learning rate ${event.learningRate.toPrecision(3)}, gradient norm ${formatNumber(event.gradientNorm)}, ${event.examplesPerSecond.toFixed(0)} examples/s`;
    case 'evaluation':
      return `${event.split}: ${values(event.metrics)}${event.best && event.split === 'validation' ? ' (best so far)' : ''}`;
    case 'checkpoint':
      return `Checkpoint of step ${event.step}${event.best ? ' (best)' : ''}`;
    case 'notice':
      return event.message;
    case 'stopped':
      return `Stopped at step ${event.step}`;
    case 'failed':
      return event.message;
    case 'finished':
      return event.reason === 'steps' ? 'All steps done' : 'Stopped early: no more improvement';
  }
}

function values(record: Readonly<Record<string, number | null>>): string {
  return Object.entries(record)
    .map(([name, value]) => `${name} ${value === null ? '–' : formatNumber(value)}`)
    .join(', ');
}
