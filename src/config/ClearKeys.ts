/** Finds secrets that stand in the config file itself, where everybody who reads the file sees them. */
import { formatPath, type Path } from "./file/Problem.ts"
import * as TokenHash from "./TokenHash.ts"

/** A note that names the places of secrets in clear, if there are any. The secrets are no part of it. */
export const notes = (file: unknown): ReadonlyArray<string> => {
  const paths = [...secretPlaces(file)].filter(({ text }) => !isElsewhere(text)).map(({ path }) => path)
  if (paths.length === 0) return []
  const named = paths.slice(0, mostNamed).map(formatPath).join(", ")
  const more = paths.length > mostNamed ? ` and ${paths.length - mostNamed} more` : ""
  const many = paths.length === 1 ? "a key or token stands" : `${paths.length} keys or tokens stand`
  return [`${named}${more}: ${many} in the file in clear; "env:NAME" or "file:PATH" keeps it elsewhere`]
}

/** Places that a note names; it counts the others. */
const mostNamed = 3

/** True for a reference, and for a hash, from which nobody can read the token. */
const isElsewhere = (text: string): boolean =>
  /^(env|file):/.test(text.trim()) || TokenHash.isHash(text.trim())

interface Place {
  readonly path: Path
  readonly text: string
}

function* secretPlaces(file: unknown): Iterable<Place> {
  const { bench, providers, server, telemetry } = fieldsOf(file)
  for (const [name, provider] of Object.entries(fieldsOf(providers))) {
    const { credentials, headers, query } = fieldsOf(provider)
    for (const [index, credential] of itemsOf(credentials).entries()) {
      yield* textAt(fieldsOf(credential).apiKey, ["providers", name, "credentials", index, "apiKey"])
    }
    yield* secretsOf(headers, ["providers", name, "headers"])
    yield* secretsOf(query, ["providers", name, "query"])
  }
  for (const [index, token] of itemsOf(fieldsOf(server).tokens).entries()) {
    yield* textAt(token, ["server", "tokens", index])
  }
  for (const [index, secret] of itemsOf(fieldsOf(server).carrySecrets).entries()) {
    yield* textAt(secret, ["server", "carrySecrets", index])
  }
  yield* textAt(fieldsOf(server).adminToken, ["server", "adminToken"])
  yield* secretsOf(fieldsOf(fieldsOf(telemetry).otlp).headers, ["telemetry", "otlp", "headers"])
  const { store } = fieldsOf(bench)
  if (
    typeof store === "string" &&
    /^rediss?:/.test(store) &&
    URL.canParse(store) &&
    new URL(store).password !== ""
  ) {
    yield { path: ["bench", "store"], text: store }
  }
}

/** Headers and parameters of a query that carry a key by their name. */
function* secretsOf(record: unknown, path: Path): Iterable<Place> {
  for (const [name, value] of Object.entries(fieldsOf(record))) {
    if (/(^|[-_])(authorization|api-?key|key|token|secret|password)$/i.test(name)) {
      yield* textAt(value, [...path, name])
    }
  }
}

function* textAt(value: unknown, path: Path): Iterable<Place> {
  if (typeof value === "string" && value.trim() !== "") yield { path, text: value }
}

const fieldsOf = (u: unknown): Readonly<Record<string, unknown>> =>
  typeof u === "object" && u !== null && !Array.isArray(u) ? (u as Readonly<Record<string, unknown>>) : {}

const itemsOf = (u: unknown): ReadonlyArray<unknown> => (Array.isArray(u) ? u : [])
