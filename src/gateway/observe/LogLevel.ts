/** The least level of what is logged, which a config says and a reload changes. */
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type { LogConfig } from "../../config/GatewayConfig.ts"

/** A logger for what is at least as grave as the level that is said at that moment. */
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
