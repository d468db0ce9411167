/** The command line in this process: quicker than a separate process, and with the streams as texts. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { ConfigProvider, Effect, Exit } from "effect"
import { Command } from "effect/cli"
import { TestConsole } from "effect/testing"
import { cli } from "../../src/cli/Cli.ts"

/** Runs `effect-failover ARGS` with these environment variables alone. `ok`: whether it ended without an error. */
export const command = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): Effect.Effect<{ readonly ok: boolean; readonly out: string; readonly err: string }> =>
  Effect.gen(function* () {
    const exit = yield* Effect.exit(Command.runWith(cli, { version: "0" })(args))
    const out = (yield* TestConsole.logLines).join("\n")
    return { ok: Exit.isSuccess(exit), out, err: (yield* TestConsole.errorLines).join("\n") }
  }).pipe(
    Effect.provide(TestConsole.layer, { local: true }),
    Effect.provide(NodeServices.layer),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(env))
  )
