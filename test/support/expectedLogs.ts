/** A layer for tests whose log entries are expected: it drops those entries and prints all others. */
import { type Layer, Logger } from "effect"

/** Drops the entries whose message matches one of the patterns. */
export const expectedLogs = (...patterns: ReadonlyArray<RegExp>): Layer.Layer<never> =>
  Logger.layer([
    Logger.make((entry) => {
      const text = String(Array.isArray(entry.message) ? entry.message[0] : entry.message)
      if (!patterns.some((pattern) => pattern.test(text))) Logger.defaultLogger.log(entry)
    })
  ])
