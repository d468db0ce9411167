/**
 * What models leave in conversations that are translated: with which secrets it is signed, and who keeps what no client
 * can carry.
 */
import * as Redacted from "effect/Redacted"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import type { Request } from "../../providers/wire/Wire.ts"
import * as Translate from "../../translate/index.ts"
import type { GatewayProvider } from "./GatewayProvider.ts"
import type { Items } from "./ItemMemory.ts"

/**
 * The carrier of a provider. The secrets are the operator's own, where the config has some; else the keys of the
 * provider, which all replicas have as well. A provider without a key has none: what is carried for it can then be made
 * up, by somebody who can say the same to it in any case.
 */
export const carrierOf = (
  provider: GatewayProvider,
  secrets: GatewayConfig["server"]["carrySecrets"]
): Translate.Carrier => {
  const own = (secrets ?? []).map(Redacted.value)
  const keys = provider.credentials.flatMap(({ apiKey }) =>
    apiKey === undefined ? [] : String(Redacted.value(apiKey))
  )
  return Translate.makeCarrier(provider.name, [...own, ...keys])
}

/** The memory of the caller of a request. */
export const memoryOf = (items: Items, request: Request): Translate.CarryMemory => ({
  put: (id, kept) => items.note(request, id, kept),
  get: (id) => items.noted(request, id)
})

/** A provider whose own words the caller speaks, asked without what is carried for others. */
export const withoutCarried = (provider: GatewayProvider, dialect: Translate.Dialect): GatewayProvider => ({
  ...provider,
  complete: (request, target) => provider.complete(own(request, dialect), target),
  stream: (request, target) => provider.stream(own(request, dialect), target)
})

const own = (request: Request, dialect: Translate.Dialect): Request => {
  if (request.text === undefined ? false : !Translate.mayCarry(request.text)) return request
  const body = Translate.withoutCarried(dialect, request.body)
  return body === request.body ? request : { ...request, body, text: undefined }
}
