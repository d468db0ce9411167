/** Finds the chain of a request. */
import * as Result from "effect/Result"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import type { Chain } from "../../domain/Chain.ts"
import { replacement, type Secrets } from "../../redaction/Secrets.ts"
import { hasOtherForm } from "../../translate/index.ts"
import * as Refusal from "../http/Refusal.ts"
import type { Route } from "../http/Route.ts"
import type { GatewayProvider } from "../providers/GatewayProvider.ts"
import { chainFacts, type GatewayCatalog, keeping } from "../providers/Providers.ts"
import * as Conversation from "./Conversation.ts"
import * as GatewayRequest from "./GatewayRequest.ts"
import * as NotServed from "./NotServed.ts"

/** The chain of a request, or a refusal if no target can serve it. */
export type RequestedChain = (
  call: GatewayRequest.GatewayRequest,
  route: Route
) => Chain<GatewayProvider> | Refusal.Refusal | Refusal.PassedOn

/** The code of the refusal of a chain without a target of the called protocol, for what is not translated. */
export const wrongProtocol = "wrong_protocol"

/** Makes the function that finds chains among the models of a config. */
export const make = (
  { policy }: Pick<GatewayConfig, "policy">,
  catalog: GatewayCatalog,
  secrets: Secrets
): RequestedChain => {
  const factsOf = chainFacts(policy)
  const ofProtocol = {
    openai: keeping(({ protocol }) => protocol === "openai"),
    anthropic: keeping(({ protocol }) => protocol === "anthropic")
  }
  const untranslated = keeping(({ translatedFrom }) => translatedFrom === undefined)
  const configured: ReadonlySet<string> = new Set(catalog.names)
  /** Names of models are sent to providers, recorded and shown, so no name with a secret is accepted. */
  const hasSecret = (name: string): boolean => !configured.has(name) && secrets.isIn(name)

  return (call, route) => {
    const { fallbacks, model } = call
    if (hasSecret(model)) return secretName("model")
    if (fallbacks.some(hasSecret)) return secretName("fallbacks")
    const isResponses = route.dialect === "responses"
    const models = route.translates || isResponses ? catalog.calledIn[route.dialect] : catalog
    const resolved = models.resolve(model, { fallbacks, configured: route.configuredFallbacks })
    if (Result.isFailure(resolved)) {
      return Refusal.unknownModel(
        resolved.failure.message,
        resolved.failure.model === model ? "model" : "fallbacks"
      )
    }
    const isLarge = (call.request.text?.length ?? 0) > GatewayRequest.maxTranslated
    const found = isLarge ? untranslated(resolved.success) : resolved.success
    const isForeign = isLarge && route.translates && hasOtherForm(route.dialect, call.request.body)
    if (found === undefined || isForeign) return GatewayRequest.tooLargeToTranslate
    if (isResponses && !route.translates) {
      return untranslated(found) ?? NotServed.byModel(model, route.operation)
    }
    if (isResponses) {
      if (call.request.body.background === true) return Conversation.background
      return Conversation.isStateful(call.request) ? (untranslated(found) ?? Conversation.stateful) : found
    }
    if (route.translates) {
      return Conversation.refusal(call.request, route, factsOf(found)) ?? found
    }
    return (
      ofProtocol[route.protocol](found) ??
      Refusal.make(
        400,
        wrongProtocol,
        `${JSON.stringify(model)} has another protocol than the called one (${route.protocol}), and ${route.operation} is not translated`,
        { param: "model" }
      )
    )
  }
}

const secretName = (param: string): Refusal.Refusal =>
  Refusal.unknownModel(`unknown model "${replacement}"`, param)
