/** The minimum log level, which a reload can change. */
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type { LogConfig } from "../../config/GatewayConfig.ts"

/** A logger for entries at or above the current minimum level. */
export const filtered = (
  logger: Logger.Logger<unknown, void>,
  least: () => LogConfig["level"]
): Logger.Logger<unknown, void> =>
  Logger.make((entry) => {
    if (LogLevel.isGreaterThanOrEqualTo(entry.logLevel, levels[least()])) logger.log(entry)
  })

const levels: Record<LogConfig["level"], LogLevel.LogLevel> = {
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  error: "Error",
  none: "None"
}
