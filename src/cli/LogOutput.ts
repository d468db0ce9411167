/** How `serve` writes its log. */
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import type { LogConfig } from "../config/GatewayConfig.ts"

/** Where the log goes, and how that is changed. */
export interface LogOutput {
  readonly layer: Layer.Layer<never>
  /** From now on it is written like this. */
  readonly use: (log: LogConfig) => void
}

/**
 * To standard error, so that standard output stays as it is documented: one JSON object per line, or `key=value` text.
 * Text for somebody who sits at a terminal is coloured and has its parts below each other.
 */
export const make = (log: LogConfig): LogOutput => {
  let least = levels[log.level]
  let logger = loggerOf(log.format)
  const current = Logger.make((entry) => {
    if (LogLevel.isGreaterThanOrEqualTo(entry.logLevel, least)) logger.log(entry)
  })
  return {
    layer: Layer.mergeAll(
      Logger.layer([current]),
      // What is to be seen is said above, where it can change.
      Layer.succeed(References.MinimumLogLevel, "Debug"),
      Layer.succeed(Logger.LogToStderr, true)
    ),
    use: ({ format, level }) => {
      least = levels[level]
      logger = loggerOf(format)
    }
  }
}

const loggerOf = (format: LogConfig["format"]): Logger.Logger<unknown, void> => {
  if (format === "json") return Logger.withConsoleError(Logger.formatJson)
  return process.stderr.isTTY === true
    ? Logger.consolePretty({ mode: "tty", colors: true })
    : Logger.withConsoleError(Logger.formatLogFmt)
}

const levels: Record<LogConfig["level"], LogLevel.LogLevel> = {
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  error: "Error",
  none: "None"
}
