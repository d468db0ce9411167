/** The config of a command: the file, with flags applied. */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import { ConfigError } from "../config/file/Problem.ts"
import type { GatewayConfig, ServerConfig } from "../config/GatewayConfig.ts"
import { load } from "../config/Load.ts"
import * as Exposure from "../gateway/server/Exposure.ts"
import { because, type ExitWith } from "./support/Exit.ts"

/** Flags that override the file. */
export interface Overrides {
  readonly host: Option.Option<string>
  readonly port: Option.Option<number>
}

/** Reads the file. Problems go to standard error, and the command ends with code 2. */
export const read = (
  file: string
): Effect.Effect<GatewayConfig, ExitWith, FileSystem.FileSystem | Path.Path> =>
  Effect.catch(load(file), (error) => because(2, error.message))

/** Reads the file again for a running gateway, with the current files and environment. */
export const reread = (
  file: string,
  overrides: Overrides
): Effect.Effect<GatewayConfig, ConfigError, FileSystem.FileSystem | Path.Path> =>
  Effect.suspend(() =>
    Effect.provideService(load(file), ConfigProvider.ConfigProvider, ConfigProvider.fromEnv())
  ).pipe(Effect.flatMap((config) => Effect.fromResult(overridden(config, overrides, file))))

/** The config with the flags applied. Fails if the gateway may not listen like that. */
export const override = (
  config: GatewayConfig,
  overrides: Overrides,
  file = "the built-in config"
): Effect.Effect<GatewayConfig, ExitWith> =>
  Effect.catch(Effect.fromResult(overridden(config, overrides, file)), (error) => because(2, error.message))

const overridden = (
  config: GatewayConfig,
  { host, port }: Overrides,
  file: string
): Result.Result<GatewayConfig, ConfigError> => {
  const server: ServerConfig = {
    ...config.server,
    host: Option.getOrElse(host, () => config.server.host),
    port: Option.getOrElse(port, () => config.server.port)
  }
  const exposed = Exposure.check(server)
  if (exposed === undefined) return Result.succeed({ ...config, server })
  const problems = [{ path: "server.tokens", message: exposed.message }]
  return Result.fail(new ConfigError({ file, problems }))
}
