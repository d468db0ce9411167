/** The time that all processes of a run share. */

/** Milliseconds of the machine's own clock, which never goes back and is the same in every process. */
export const now = (): number => {
  const [seconds, nanos] = process.hrtime()
  return seconds * 1_000 + nanos / 1e6
}

/** The header in which a gateway's probe tells a provider when its call was made. */
export const sentHeader = "x-chaos-sent"
