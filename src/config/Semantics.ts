/**
 * Checks what the parts of a config file mean together: whether names exist, and whether fields fit.
 *
 * It accepts any JSON, so a wrong type in one place does not hide a wrong name in another.
 */
import * as Result from "effect/Result"
import * as Catalog from "../catalog/Catalog.ts"
import * as Backend from "../domain/Backend.ts"
import * as ModelSpec from "../domain/ModelSpec.ts"
import * as Checks from "../util/Checks.ts"
import { nearest } from "../util/Nearest.ts"
import * as DialectProblems from "./DialectProblems.ts"
import { millisOf } from "./file/ConfigFile.ts"
import type { Path } from "./file/Problem.ts"
import type { Misfit } from "./file/Structure.ts"
import { defaultServer, isLoopback } from "./GatewayConfig.ts"
import * as HedgeProblems from "./HedgeProblems.ts"
import { tierNotes } from "./TierNotes.ts"
import * as TokenHash from "./TokenHash.ts"

/** Problems and warnings. */
export interface Findings {
  readonly problems: ReadonlyArray<Misfit>
  readonly notes: ReadonlyArray<string>
}

/** Checks a whole file. */
export const check = (file: unknown): Findings => ({
  problems: [
    ...providerProblems(file),
    ...DialectProblems.problems(file),
    ...cooldownProblems(file, []),
    ...HedgeProblems.problems(file),
    ...headerProblems(fieldsOf(fieldsOf(fieldsOf(file).telemetry).otlp).headers, [
      "telemetry",
      "otlp",
      "headers"
    ]),
    ...nameProblems(file),
    ...serverProblems(file)
  ],
  notes: [...serverNotes(file), ...tierNotes(file), ...HedgeProblems.notes(file)]
})

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (u: unknown): Fields =>
  typeof u === "object" && u !== null && !Array.isArray(u) ? (u as Fields) : {}

const itemsOf = (u: unknown): ReadonlyArray<unknown> => (Array.isArray(u) ? u : [])

const headerName = /^[\w!#$%&'*+.^`|~-]+$/

/** The framing of a request, which its sender decides: https://www.rfc-editor.org/rfc/rfc9112 */
const ofConnection = /^(?:connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$/i

function* headerProblems(headers: unknown, path: Path): Iterable<Misfit> {
  for (const name of Object.keys(fieldsOf(headers))) {
    if (!headerName.test(name)) yield { path: [...path, name], message: "is not the name of a header" }
    else if (ofConnection.test(name)) {
      yield { path: [...path, name], message: "is set by the gateway itself" }
    }
  }
}

// -- providers and credentials -------------------------------------------------------------------------------------

function* providerProblems(file: unknown): Iterable<Misfit> {
  const providers = fieldsOf(fieldsOf(file).providers)
  const known = Object.keys(providers)
  if (known.length === 0 && "providers" in fieldsOf(file)) {
    yield { path: ["providers"], message: "at least one provider is required" }
  }
  for (const name of known) {
    const path = ["providers", name]
    const { auth, credentials, protocol, responses } = fieldsOf(providers[name])
    if (ModelSpec.parse(`${name}/model`) === undefined) {
      yield { path, message: "the name of a provider may have letters, digits, '.', '_' and '-'" }
    } else if (Checks.name(name) !== undefined) {
      yield { path, message: "the name of a provider must begin with a letter or a digit" }
    }
    if (auth !== undefined && protocol === "anthropic") {
      yield { path: [...path, "auth"], message: 'only for providers with the protocol "openai"' }
    }
    if (responses === true && protocol === "anthropic") {
      yield {
        path: [...path, "responses"],
        message: 'only for providers with the protocol "openai"'
      }
    }
    yield* headerProblems(fieldsOf(providers[name]).headers, [...path, "headers"])
    const seen = new Set<unknown>()
    const list = itemsOf(credentials)
    for (const [index, credential] of list.entries()) {
      const called = fieldsOf(credential).name
      if (typeof called === "string" && seen.has(called)) {
        const message = `another credential has the name ${JSON.stringify(called)}`
        yield { path: [...path, "credentials", index, "name"], message }
      }
      seen.add(called)
    }
    if (list.length > 0 && list.every((credential) => fieldsOf(credential).enabled === false)) {
      yield { path: [...path, "credentials"], message: "none of them is enabled" }
    }
  }
}

/** Cooldowns anywhere in the file with a base longer than their maximum. */
function* cooldownProblems(node: unknown, path: Path): Iterable<Misfit> {
  for (const [key, value] of Object.entries(fieldsOf(node))) {
    const at = [...path, key]
    const { base, max } = fieldsOf(value)
    if ((path.at(-1) === "cooldown" || key === "rest") && isTime(base) && isTime(max)) {
      const [first, longest] = [millisOf(base), millisOf(max)]
      if (first !== undefined && longest !== undefined && first > longest) {
        yield { path: [...at, "base"], message: "is longer than max" }
      }
    }
    yield* cooldownProblems(value, at)
  }
}

const isTime = (u: unknown): u is string | number => typeof u === "string" || typeof u === "number"

// -- server -----------------------------------------------------------------------------------------------------------

function* serverProblems(file: unknown): Iterable<Misfit> {
  const { adminToken, allowedHosts, statusPage, tokens } = fieldsOf(fieldsOf(file).server)
  if (statusPage === "admin" && adminToken === undefined) {
    yield { path: ["server", "statusPage"], message: '"admin" needs an adminToken' }
  }
  if (typeof adminToken === "string" && hashes(tokens).includes(TokenHash.of(adminToken))) {
    yield {
      path: ["server", "adminToken"],
      message: "is also a client token, so every client could use the admin API"
    }
  }
  if (isBrokenHash(adminToken)) yield { path: ["server", "adminToken"], message: brokenHash }
  for (const [index, token] of itemsOf(tokens).entries()) {
    if (isBrokenHash(token)) yield { path: ["server", "tokens", index], message: brokenHash }
  }
  for (const [index, name] of itemsOf(allowedHosts).entries()) {
    if (typeof name === "string" && /[/@?#\s]/.test(name)) {
      yield {
        path: ["server", "allowedHosts", index],
        message: 'expected a name such as "gateway.example", without "https://" and without a path'
      }
    }
  }
}

function* serverNotes(file: unknown): Iterable<string> {
  const { adminToken, carrySecrets, host, maxBodiesBytes, maxBodyBytes, tokens } = fieldsOf(
    fieldsOf(file).server
  )
  const largest = typeof maxBodyBytes === "number" ? maxBodyBytes : defaultServer.maxBodyBytes
  if (typeof maxBodiesBytes === "number" && maxBodiesBytes < largest) {
    yield `server.maxBodiesBytes: is less than maxBodyBytes (${largest}), so requests above ${maxBodiesBytes} bytes always get 503`
  }
  if (typeof host !== "string" || isLoopback(host)) return
  if (adminToken !== undefined) {
    yield `server.host: ${host} is reachable from other machines, and the gateway uses plain HTTP: put a TLS proxy in front of it, or the admin token can be intercepted`
  }
  if (isShort(adminToken)) yield `server.adminToken: ${guessable}`
  for (const [index, token] of itemsOf(tokens).entries()) {
    if (isShort(token)) yield `server.tokens[${index}]: ${guessable}`
  }
  for (const [index, secret] of itemsOf(carrySecrets).entries()) {
    if (isShort(secret)) yield `server.carrySecrets[${index}]: ${guessable}`
  }
}

/** A broken hash would count as a token itself, and no client would have the right one. */
const isBrokenHash = (token: unknown): boolean =>
  typeof token === "string" && token.startsWith("sha256:") && !TokenHash.isHash(token)

const brokenHash =
  'the hash of a token is "sha256:" and 64 lower-case hexadecimal digits, as printed by `printf %s "$TOKEN" | sha256sum`'

const hashes = (tokens: unknown): ReadonlyArray<string> =>
  itemsOf(tokens).flatMap((token) => (typeof token === "string" ? [TokenHash.of(token)] : []))

const isShort = (token: unknown): boolean => typeof token === "string" && token.length < 16

const guessable = "is shorter than 16 characters and can be guessed; use for example `openssl rand -hex 16`"

// -- names --------------------------------------------------------------------------------------------------------

const nameProblems = (file: unknown): ReadonlyArray<Misfit> => {
  const { fallbacks, models, providers } = fieldsOf(file)
  const made = Catalog.make({
    // Invalid names are reported elsewhere, and no backend can have one.
    providers: Object.entries(fieldsOf(providers))
      .filter(([name]) => Checks.name(name) === undefined)
      .map(([name, provider]) => ({
        backend: Backend.make(name, undefined),
        fallbackModels: itemsOf(fieldsOf(provider).fallbackModels).filter(
          (model) => typeof model === "string"
        )
      })),
    models: Object.fromEntries(
      Object.entries(fieldsOf(models)).map(([name, model]) => [name, virtualModel(model)])
    ),
    fallbacks: linksOf(fallbacks) ?? []
  })
  return Result.isSuccess(made)
    ? []
    : made.failure.problems
        .filter(({ path }) => !isUnreadable(file, path))
        .map((problem) => ({ path: pathInFile(file, problem.path), message: withHint(problem, file) }))
}

/** A virtual model in its full form. Invalid links are left to the structure check. */
const virtualModel = (model: unknown): Catalog.VirtualModel => {
  const chain = linksOf(model)
  if (chain !== undefined) return { chain }
  const fields = fieldsOf(model)
  return {
    chain: linksOf(fields.chain) ?? [],
    onContextExceeded: linksOf(fields.onContextExceeded),
    onContentPolicy: linksOf(fields.onContentPolicy)
  }
}

const linksOf = (u: unknown): ReadonlyArray<Catalog.Link> | undefined =>
  typeof u === "string" ? Catalog.split(u) : Array.isArray(u) ? u.map(linkOf) : undefined

/** An invalid link becomes a blank one. */
const linkOf = (u: unknown): Catalog.Link => {
  if (typeof u === "string") return u
  if (Array.isArray(u)) return u.map(memberOf)
  return Array.isArray(fieldsOf(u).equals) ? { equals: itemsOf(fieldsOf(u).equals).map(memberOf) } : ""
}

const memberOf = (u: unknown): string | Catalog.Member => {
  if (typeof u === "string") return u
  const { model, weight } = fieldsOf(u)
  // Invalid weights are left to the structure check.
  return {
    model: typeof model === "string" ? model : "",
    weight: typeof weight === "number" && weight >= 0 ? weight : undefined
  }
}

/** True for a place with a value of the wrong type, which the structure check reports. */
const isUnreadable = (file: unknown, path: Path): boolean => {
  const value = at(file, pathInFile(file, path))
  const isChain = path.at(-1) === "chain"
  if (isChain) return linksOf(value) === undefined && linksOf(fieldsOf(value).chain) === undefined
  // A list instead of a name is a tier, which may be empty.
  return typeof value !== "string" && !Array.isArray(value)
}

/** Maps a path in the options of the catalog to the path in the file, where lists have shorter forms. */
const pathInFile = (file: unknown, path: Path): Path => {
  let place: Path = path
  if (path[0] === "models") {
    const model = at(file, path.slice(0, 2))
    if (typeof model === "string" || Array.isArray(model)) place = [...path.slice(0, 2), ...path.slice(3)]
  }
  const list = place.slice(0, -1)
  return typeof place.at(-1) === "number" && typeof at(file, list) === "string" ? list : place
}

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (node, key) => (typeof node === "object" && node !== null ? (node as Fields)[key] : undefined),
    value
  )

/** Suggests a provider or a model with a similar name. */
const withHint = (problem: Catalog.Problem, file: unknown): string => {
  const known = [
    ...Object.keys(fieldsOf(fieldsOf(file).providers)),
    ...Object.keys(fieldsOf(fieldsOf(file).models))
  ]
  const wrong = /"((?:[^"\\]|\\.)*)"/.exec(problem.message)?.[1]
  const meant = wrong === undefined ? undefined : nearest(wrong, known)
  return meant === undefined || meant === wrong
    ? problem.message
    : `${problem.message}; did you mean ${meant}?`
}
