/** Collects every secret of a config, so that provider errors and logs never show one. */
import * as Redacted from "effect/Redacted"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import * as Secrets from "../../redaction/Secrets.ts"

/** Names of headers and query parameters with secret values. */
const secretName = /auth|key|token|secret|password|passwd|cookie|credential|signature|\bsig\b|session/i

/**
 * A redactor for the secrets of a config: keys, tokens (unless kept as hashes), and those in headers, queries
 * and URLs.
 */
export const of = (config: GatewayConfig): Secrets.Secrets => {
  const found = new Set<string>()
  const add = (secret: string | undefined): void => {
    if (secret !== undefined && secret.trim() !== "" && !secret.startsWith("sha256:"))
      found.add(secret.trim())
  }
  const { bench, otlp, providers, server } = config
  for (const { baseUrl, credentials, headers, query } of providers) {
    addAddress(add, baseUrl)
    addNamed(add, headers)
    addNamed(add, query)
    for (const credential of credentials) {
      add(plain(credential.apiKey))
      addAddress(add, credential.baseUrl)
    }
  }
  if (server.tokens !== "none") for (const token of server.tokens) add(plain(token))
  add(plain(server.adminToken))
  for (const secret of server.carrySecrets ?? []) add(plain(secret))
  if (bench?._tag === "Redis") addAddress(add, Redacted.value(bench.url))
  addAddress(add, otlp?.endpoint)
  for (const value of Object.values(otlp?.headers ?? {})) addValue(add, Redacted.value(value))
  return Secrets.make(found)
}

type Add = (secret: string | undefined) => void

const plain = (secret: Redacted.Redacted | undefined): string | undefined =>
  secret === undefined ? undefined : Redacted.value(secret)

const addNamed = (add: Add, values: Readonly<Record<string, string>> | undefined): void => {
  for (const [name, value] of Object.entries(values ?? {})) if (secretName.test(name)) addValue(add, value)
}

/** In a value with a scheme, such as `Bearer` or `Basic`, the secret follows the scheme. */
const addValue = (add: Add, value: string): void => {
  const parts = /^(\w+) +(\S+)$/.exec(value.trim())
  add(parts?.[2] ?? value)
  if (parts === null || !/^basic$/i.test(parts[1]!)) return
  const pair = Buffer.from(parts[2]!, "base64").toString()
  add(pair.slice(pair.indexOf(":") + 1))
}

/** The password of a URL, or its user if it has no password, and the secrets in its query. */
const addAddress = (add: Add, address: string | undefined): void => {
  if (address === undefined || !URL.canParse(address)) return
  const { password, searchParams, username } = new URL(address)
  for (const part of [password === "" ? username : password]) {
    add(part)
    try {
      add(decodeURIComponent(part))
    } catch {}
  }
  for (const [name, value] of searchParams) if (secretName.test(name)) addValue(add, value)
}
