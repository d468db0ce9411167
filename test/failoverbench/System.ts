/** The system under test: the real gateway over loopback, with the config file of the repository. */
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { GatewayConfig } from "../../src/config/GatewayConfig.ts"
import { load } from "../../src/config/Load.ts"
import type { FailureClass } from "../../src/failure/Failure.ts"
import * as Gateway from "../../src/gateway/Gateway.ts"
import * as Policy from "../../src/policy/Policy.ts"
import * as Caller from "./Caller.ts"
import type { Stage } from "./Play.ts"
import * as Wall from "./Wall.ts"

/** The config file that the documentation describes. */
export const exampleFile = fileURLToPath(new URL("../../examples/failoverbench.jsonc", import.meta.url))

/** Reads a config file. Dies if it is invalid. */
export const read = (file: string): Effect.Effect<GatewayConfig> =>
  load(file).pipe(Effect.provide(NodeServices.layer), Effect.orDie)

/** The gateway's name for a model of the wall. */
export const nameOf = (model: string): string => `wall/${model}`

/** Starts a gateway on a free port and returns its base URL. */
export const start = (config: GatewayConfig): Effect.Effect<string, never, Scope.Scope> =>
  Layer.build(Gateway.layer({ ...config, server: { ...config.server, port: 0 } }, { drain: 0 })).pipe(
    Effect.orDie,
    Effect.map(
      (context) => `${HttpServer.formatAddress(Context.get(context, HttpServer.HttpServer).address)}/v1`
    )
  )

/** A stage with our gateway. */
export interface GatewayStage extends Stage {
  readonly baseUrl: string
}

/**
 * A wall and a gateway in front of it, with the config of the example and all times scaled. `policy` overrides fields of
 * the file.
 */
export const stage = (
  scale: number,
  policy: Policy.Options = {}
): Effect.Effect<GatewayStage, never, Scope.Scope> =>
  Effect.gen(function* () {
    const wall = yield* Wall.make({ scale })
    const config = yield* read(exampleFile)
    const changed = { ...config, policy: { ...config.policy, ...policy } }
    const baseUrl = yield* start(scaled(facing(changed, wall.baseUrl), scale))
    const caller = Caller.make({ baseUrl })
    // The first call of a process is many times slower than the next one.
    yield* caller({ model: nameOf("fb-ok"), fallbacks: [], stream: true, maxWait: 5_000 })
    return { baseUrl, wall, caller, nameOf, scale }
  })

/** The same config for a wall at another address. */
export const facing = (config: GatewayConfig, baseUrl: string): GatewayConfig => ({
  ...config,
  providers: config.providers.map((provider) => ({ ...provider, baseUrl }))
})

/** The same config with all its times multiplied, including defaults. */
export const scaled = (config: GatewayConfig, scale: number): GatewayConfig => {
  const { maxWait, deadline, rules, timeouts } = Policy.make(config.policy)
  const rows: { [C in FailureClass]?: Policy.RuleOptions } = {}
  for (const [name, { rest, retry }] of Object.entries(rules)) {
    rows[name as FailureClass] = {
      retry:
        typeof retry === "string"
          ? retry
          : Schedule.modifyDelay(retry, ({ duration }) => Effect.succeed(Duration.times(duration, scale))),
      rest: rest === undefined ? null : { ...rest, base: rest.base * scale, max: rest.max * scale }
    }
  }
  return {
    ...config,
    policy: {
      ...config.policy,
      maxWait: maxWait * scale,
      deadline: deadline * scale,
      timeouts: {
        connect: timeouts.connect * scale,
        headers: timeouts.headers * scale,
        firstContent: timeouts.firstContent * scale,
        idle: timeouts.idle * scale,
        answer: timeouts.answer * scale
      },
      rules: rows
    }
  }
}
