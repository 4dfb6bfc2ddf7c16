/** As shells and scripts expect them; `again` is EX_TEMPFAIL of sysexits.h, by which schedulers put a job back. */
export const exitCodes = { done: 0, failed: 1, usage: 2, again: 75, interrupted: 130 } as const;
