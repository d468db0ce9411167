/**
 * Data that models leave in translated conversations (such as signed thoughts): how it is signed, and where
 * it is kept if a client cannot carry it.
 */
import * as Redacted from "effect/Redacted"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import type { Request } from "../../providers/wire/Wire.ts"
import * as Translate from "../../translate/index.ts"
import type { GatewayProvider } from "./GatewayProvider.ts"
import type { Items } from "./ItemMemory.ts"

/**
 * The carrier of a provider. It signs with `server.carrySecrets`, or with the provider's keys, which all
 * replicas share. Without either the data is not signed: a client can forge it, but could send the same to
 * the provider anyway.
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

/** The memory for the caller of a request. */
export const memoryOf = (items: Items, request: Request): Translate.CarryMemory => ({
  put: (id, kept) => items.keepForCall(request, id, kept),
  get: (id) => items.keptForCall(request, id)
})

/** A provider with the caller's protocol, which must not get the data that is carried for others. */
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

/** A provider with the Responses API, called without the thoughts that models of other protocols left in the conversation. */
export const withoutForeignThoughts = (provider: GatewayProvider): GatewayProvider => ({
  ...provider,
  complete: (request, target) => provider.complete(ownThoughts(request), target),
  stream: (request, target) => provider.stream(ownThoughts(request), target)
})

const ownThoughts = (request: Request): Request => {
  const body = Translate.withoutForeignThoughts(request.body)
  return body === request.body ? request : { ...request, body, text: undefined }
}
