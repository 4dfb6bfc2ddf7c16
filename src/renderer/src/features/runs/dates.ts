/** Moments in words, short where they are near. */
export function shortDate(time: number, now = Date.now()): string {
  const moment = new Date(time);
  const clock = moment.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  if (moment.toDateString() === new Date(now).toDateString()) return clock;
  const sameYear = moment.getFullYear() === new Date(now).getFullYear();
  const date = moment.toLocaleDateString(undefined, {
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' }),
  });
  return sameYear ? `${date}, ${clock}` : date;
}

export function clockTime(time: number): string {
  return new Date(time).toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
}
