/** What of a config cannot change while the gateway runs. */
import * as Equal from "effect/Equal"
import type { GatewayConfig, ServerConfig } from "../../config/GatewayConfig.ts"

/** A config as it can be put in force now, and what of it has to wait. */
export interface Settled {
  readonly config: GatewayConfig
  /** The paths of fields that say something new, which a restart would bring. */
  readonly restart: ReadonlyArray<string>
}

/** A field that a reload brings, or the path in the file of one that has to wait for a restart. */
type Field = "reloads" | { readonly restart: string }

/** Every section has to say it. */
const sections: Readonly<Record<keyof GatewayConfig, Field>> = {
  providers: "reloads",
  models: "reloads",
  fallbacks: "reloads",
  policy: "reloads",
  retryBudget: "reloads",
  server: "reloads",
  log: "reloads",
  usage: "reloads",
  notes: "reloads",
  bench: { restart: "bench" },
  otlp: { restart: "telemetry.otlp" }
}

/** So does every field of `server`: some are used once, when the gateway starts to listen. */
const listening: Readonly<Record<keyof ServerConfig, Field>> = {
  host: { restart: "server.host" },
  port: { restart: "server.port" },
  maxHeaderBytes: { restart: "server.maxHeaderBytes" },
  timeouts: { restart: "server.timeouts" },
  tokens: "reloads",
  adminToken: "reloads",
  carrySecrets: "reloads",
  wrongTokens: "reloads",
  maxBodyBytes: "reloads",
  maxBodiesBytes: "reloads",
  maxConnections: { restart: "server.maxConnections" },
  maxConcurrent: "reloads",
  websocket: "reloads",
  namedModelsOnly: "reloads",
  allowedHosts: "reloads",
  cors: "reloads",
  statusPage: "reloads",
  affinity: "reloads"
}

/** The paths of all fields that have to wait for a restart. */
export const fields: ReadonlyArray<string> = [
  ...Object.values(listening),
  ...Object.values(sections)
].flatMap((field) => (field === "reloads" ? [] : [field.restart]))

/** The next config, in which everything that cannot change is as it was. */
export const settle = (next: GatewayConfig, current: GatewayConfig): Settled => {
  const server = keep(listening, next.server, current.server)
  const whole = keep(sections, next, current)
  return {
    config: { ...whole.kept, server: server.kept },
    restart: [...server.restart, ...whole.restart]
  }
}

const keep = <A extends object>(fields: Readonly<Record<keyof A, Field>>, next: A, current: A) => {
  const kept = { ...next }
  const restart: Array<string> = []
  for (const name of Object.keys(fields) as Array<keyof A>) {
    const field = fields[name]
    if (field === "reloads") continue
    if (!Equal.equals(next[name], current[name])) restart.push(field.restart)
    kept[name] = current[name]
  }
  return { kept, restart }
}
