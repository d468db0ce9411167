/** The config of a command: what the file says, and what its flags say over it. */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import { type GatewayConfig, isLoopback, type ServerConfig } from "../config/GatewayConfig.ts"
import { load } from "../config/Load.ts"
import { ConfigError } from "../config/Problem.ts"
import { because, type ExitWith } from "./Exit.ts"

/** What flags can say over a file. */
export interface Overrides {
  readonly host: Option.Option<string>
  readonly port: Option.Option<number>
}

/** Reads the file; every problem goes to standard error, and the command ends with code 2. */
export const read = (
  file: string
): Effect.Effect<GatewayConfig, ExitWith, FileSystem.FileSystem | Path.Path> =>
  Effect.catch(load(file), (error) => because(2, error.message))

/** The config with what the flags say, if the gateway may listen like that. */
export const override = (
  config: GatewayConfig,
  { host, port }: Overrides,
  file = "the built-in config"
): Effect.Effect<GatewayConfig, ExitWith> => {
  const server: ServerConfig = {
    ...config.server,
    host: Option.getOrElse(host, () => config.server.host),
    port: Option.getOrElse(port, () => config.server.port)
  }
  const problem = openToAll(server)
  return problem === undefined
    ? Effect.succeed({ ...config, server })
    : because(2, new ConfigError({ file, problems: [{ path: "server.tokens", message: problem }] }).message)
}

/** Beyond loopback a gateway without tokens would spend its owner's money for whoever finds it. */
const openToAll = ({ host, tokens }: ServerConfig): string | undefined =>
  tokens === "none" || tokens.length > 0 || isLoopback(host)
    ? undefined
    : `on ${host} others can reach the gateway, so it needs at least one token, as in ["env:GATEWAY_TOKEN"]; "none" lets everybody in`
