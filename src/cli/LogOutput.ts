/** How `serve` writes its log. */
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import type { LogConfig } from "../config/GatewayConfig.ts"

/**
 * To standard error, so that standard output stays as it is documented: one JSON object per line, or `key=value` text.
 * Text for somebody who sits at a terminal is coloured and has its parts below each other.
 */
export const layer = ({ format, level }: LogConfig): Layer.Layer<never> =>
  Layer.merge(Logger.layer([loggerOf(format)]), Layer.succeed(References.MinimumLogLevel, levels[level]))

const loggerOf = (format: LogConfig["format"]) => {
  if (format === "json") return Logger.withConsoleError(Logger.formatJson)
  return process.stderr.isTTY === true ? Logger.consolePretty() : Logger.withConsoleError(Logger.formatLogFmt)
}

const levels: Record<LogConfig["level"], LogLevel.LogLevel> = {
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  error: "Error",
  none: "None"
}
