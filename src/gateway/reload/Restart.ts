/** Which fields of a config need a restart. */
import * as Equal from "effect/Equal"
import type { GatewayConfig, ServerConfig } from "../../config/GatewayConfig.ts"

/** A config that can be put in force now, and its fields that need a restart. */
export interface Settled {
  readonly config: GatewayConfig
  /** The paths of changed fields that need a restart. */
  readonly restart: ReadonlyArray<string>
}

/** Whether a reload applies a field, or the path of a field that needs a restart. */
type Field = "reloads" | { readonly restart: string }

/** Every section; the type requires all of them. */
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

/** Every field of `server`. Some are used only once, when the gateway starts to listen. */
const listening: Readonly<Record<keyof ServerConfig, Field>> = {
  host: { restart: "server.host" },
  port: { restart: "server.port" },
  maxHeaderBytes: { restart: "server.maxHeaderBytes" },
  timeouts: { restart: "server.timeouts" },
  drain: { restart: "server.drain" },
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

/** The paths of all fields that need a restart. */
export const fields: ReadonlyArray<string> = [
  ...Object.values(listening),
  ...Object.values(sections)
].flatMap((field) => (field === "reloads" ? [] : [field.restart]))

/** The next config, with the current values of all fields that need a restart. */
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
