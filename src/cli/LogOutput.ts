/** The log output of `serve`. */
import { inspect } from "node:util"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import type { LogConfig } from "../config/GatewayConfig.ts"
import * as LogLevel from "../gateway/observe/LogLevel.ts"
import { none, type Secrets } from "../redaction/Secrets.ts"

/** The log output, which can be changed. */
export interface LogOutput {
  readonly layer: Layer.Layer<never>
  /** Changes the format, the level and the redacted secrets. */
  readonly use: (log: LogConfig, secrets?: Secrets) => void
}

/**
 * Writes to standard error: one JSON object per line, or `key=value` text. On a terminal, text is coloured,
 * with its parts on separate lines. Secrets are redacted from every line.
 */
export const make = ({ format, level }: LogConfig): LogOutput => {
  outliveOutput()
  let least = level
  let logger = loggerOf(format, none)
  const current = Logger.make((entry) => logger.log(entry))
  return {
    layer: Layer.mergeAll(
      Logger.layer([LogLevel.filtered(current, () => least)]),
      // The level is filtered above, where it can change.
      Layer.succeed(References.MinimumLogLevel, "Debug"),
      Layer.succeed(Logger.LogToStderr, true)
    ),
    use: (log, secrets = none) => {
      least = log.level
      logger = loggerOf(log.format, secrets)
    }
  }
}

/**
 * A line that cannot be written (its disk is full, its reader is gone) is lost; without a listener the error would end the process.
 * The lines that follow are written once there is room.
 */
const outliveOutput = (): void => {
  for (const output of [process.stdout, process.stderr]) {
    if (!output.listeners("error").includes(ignore)) output.on("error", ignore)
  }
}

const ignore = (): void => {}

/** For a terminal. The logger writes to the console of its fiber, so lines are redacted there. */
const terminal = (text: Secrets["text"]): Logger.Logger<unknown, void> => {
  const pretty = Logger.consolePretty({ mode: "tty", colors: true })
  const clean = (value: unknown) => text(typeof value === "string" ? value : inspect(value, { colors: true }))
  return Logger.make((entry) => {
    const console = entry.fiber.getRef(Console.Console)
    const cleaned: Console.Console = { ...console, error: (...said) => console.error(...said.map(clean)) }
    const context = Context.add(entry.fiber.context, Console.Console, cleaned)
    const fiber: typeof entry.fiber = Object.create(entry.fiber, {
      context: { value: context },
      getRef: { value: <A>(ref: Context.Reference<A>) => Context.get(context, ref) }
    })
    pretty.log({ ...entry, fiber })
  })
}

const loggerOf = (format: LogConfig["format"], { text }: Secrets): Logger.Logger<unknown, void> => {
  if (format === "json") return Logger.withConsoleError(Logger.map(Logger.formatJson, text))
  return process.stderr.isTTY === true
    ? terminal(text)
    : Logger.withConsoleError(Logger.map(Logger.formatLogFmt, text))
}
