/** Finds secrets in the text of the config file, where every reader of the file can see them. */
import { formatPath, type Path } from "./file/Problem.ts"
import * as TokenHash from "./TokenHash.ts"

/** A warning with the paths of such secrets, if there are any. It does not contain the secrets. */
export const notes = (file: unknown): ReadonlyArray<string> => {
  const paths = [...secretsIn(file)].filter(({ text }) => !isSafe(text)).map(({ path }) => path)
  if (paths.length === 0) return []
  const named = paths.slice(0, mostNamed).map(formatPath).join(", ")
  const more = paths.length > mostNamed ? ` and ${paths.length - mostNamed} more` : ""
  const many = paths.length === 1 ? "a key or token is written" : `${paths.length} keys or tokens are written`
  return [`${named}${more}: ${many} in the file in plain text; use "env:NAME" or "file:PATH" instead`]
}

/** The most paths in a warning; it counts the others. */
const mostNamed = 3

/** True for a reference, and for a hash, which does not reveal the token. */
const isSafe = (text: string): boolean => /^(env|file):/.test(text.trim()) || TokenHash.isHash(text.trim())

interface Secret {
  readonly path: Path
  readonly text: string
}

function* secretsIn(file: unknown): Iterable<Secret> {
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

/** Headers and query parameters with a name that suggests a secret. */
function* secretsOf(record: unknown, path: Path): Iterable<Secret> {
  for (const [name, value] of Object.entries(fieldsOf(record))) {
    if (/(^|[-_])(authorization|api-?key|key|token|secret|password)$/i.test(name)) {
      yield* textAt(value, [...path, name])
    }
  }
}

function* textAt(value: unknown, path: Path): Iterable<Secret> {
  if (typeof value === "string" && value.trim() !== "") yield { path, text: value }
}

const fieldsOf = (u: unknown): Readonly<Record<string, unknown>> =>
  typeof u === "object" && u !== null && !Array.isArray(u) ? (u as Readonly<Record<string, unknown>>) : {}

const itemsOf = (u: unknown): ReadonlyArray<unknown> => (Array.isArray(u) ? u : [])
