/** A gateway that sends telemetry to a collector, and what the collector has received when the gateway has stopped. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Scope from "effect/Scope"
import type * as Gateway from "../../src/gateway/Gateway.ts"
import * as FaultServer from "./FaultServer.ts"
import { start } from "./gateway.ts"

/** A span or a log entry that was sent, with its attributes as a record. */
export interface Item {
  readonly name?: string
  readonly traceId?: string
  readonly spanId?: string
  readonly kind?: number
  readonly severityText?: string
  readonly body?: { readonly stringValue?: string }
  readonly attributes: Readonly<Record<string, unknown>>
}

/** Runs an effect against a gateway and returns what a collector received. */
export const collected = (
  config: {
    readonly telemetry?: { readonly otlp?: object; readonly usage?: boolean }
    readonly [key: string]: unknown
  },
  run: (url: string, heard: () => string) => Effect.Effect<unknown, unknown>,
  options: Gateway.Options = {}
) =>
  Effect.gen(function* () {
    const collector = yield* FaultServer.make
    collector.play(FaultServer.json({}))
    const scope = yield* Scope.make()
    const otlp = { endpoint: collector.origin, interval: "100 millis", ...config.telemetry?.otlp }
    const url = yield* start(
      { ...config, telemetry: { ...config.telemetry, otlp } },
      { drain: "50 millis", ...options }
    ).pipe(
      Scope.provide(scope),
      Effect.provide(Logger.layer([])),
      Effect.provideServiceEffect(
        Metric.MetricRegistry,
        Effect.sync(() => new Map())
      )
    )
    const heard = () => collector.requests.map(({ body }) => body).join("\n")
    yield* run(url, heard)
    yield* Scope.close(scope, Exit.void)
    const sent = (signal: string) =>
      collector.requests.filter(({ path }) => path.endsWith(`/v1/${signal}`)).map(({ body }) => body)
    return {
      paths: new Set(collector.requests.map(({ path }) => path)),
      text: heard(),
      spans: sent("traces").flatMap((body) => itemsIn(JSON.parse(body), "spans")),
      logs: sent("logs").flatMap((body) => itemsIn(JSON.parse(body), "logRecords"))
    }
  })

/** The items of this name, at any depth. */
const itemsIn = (node: unknown, name: string): ReadonlyArray<Item> => {
  if (typeof node !== "object" || node === null) return []
  return Object.entries(node).flatMap(([key, value]) =>
    key === name && Array.isArray(value)
      ? value.map((item) => ({ ...item, attributes: tableOf(item.attributes) }))
      : itemsIn(value, name)
  )
}

interface Attribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

const tableOf = (attributes: ReadonlyArray<Attribute>) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]))

const plain = (value: Readonly<Record<string, unknown>>): unknown => {
  const [kind, content] = Object.entries(value)[0] ?? []
  if (kind === "intValue") return Number(content)
  if (kind !== "arrayValue") return content
  return (content as { readonly values: ReadonlyArray<Record<string, unknown>> }).values.map(plain)
}
