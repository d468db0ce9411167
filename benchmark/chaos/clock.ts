/** The time, which all processes of a run share. */

/** Milliseconds of the machine's monotonic clock, which is the same in every process. */
export const now = (): number => {
  const [seconds, nanos] = process.hrtime()
  return seconds * 1_000 + nanos / 1e6
}

/** The header in which `probe.ts` sends a provider the time of its gateway's call. */
export const sentHeader = "x-chaos-sent"
