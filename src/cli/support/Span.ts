/** Formats durations. */
import * as Duration from "effect/Duration"

/** A duration in whole seconds: `1m 30s`. */
export const span = (millis: number): string => {
  const seconds = Math.max(0, Math.round(millis / 1000))
  return seconds === 0 ? "0s" : Duration.format(Duration.seconds(seconds))
}
