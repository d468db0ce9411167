/**
 * A provider with the caller's protocol, for requests that its targets refuse. For targets with
 * `dialect.apply: "always"` the rules of their dialect are applied to every request, and a request in the form of another
 * protocol is translated (Cursor sends that of responses where chats are called). All others are passed on byte for byte.
 */
import type { ProviderConfig } from "../../config/GatewayConfig.ts"
import type { Target } from "../../domain/Target.ts"
import type { Request } from "../../providers/wire/Wire.ts"
import type { Dialect } from "../../translate/index.ts"
import * as Translate from "../../translate/index.ts"
import type { GatewayProvider } from "./GatewayProvider.ts"

/** True if the config sets `apply: "always"` for the provider or one of its models. */
export const isConfigured = ({ dialect }: ProviderConfig): boolean =>
  [dialect?.all, ...Object.values(dialect?.models ?? {}).flat()].some(
    (choice) => typeof choice === "object" && choice.apply === "always"
  )

/** Chooses per request between the provider as it is and the provider with rewritten requests. */
export const make = (
  passThrough: GatewayProvider,
  translated: GatewayProvider,
  isRewritten: (request: Request, target: Target) => boolean
): GatewayProvider => {
  const of = (request: Request, target: Target): GatewayProvider =>
    isRewritten(request, target) ? translated : passThrough
  return {
    ...passThrough,
    complete: (request, target) => of(request, target).complete(request, target),
    stream: (request, target) => of(request, target).stream(request, target),
    secondTry: (request, refusal) =>
      translated.secondTry?.(request, refusal) ?? passThrough.secondTry?.(request, refusal)
  }
}

/** True for requests in the form of another protocol than the called one: its targets would refuse them. */
export const hasOtherForm =
  (called: Dialect) =>
  ({ body, operation }: Request): boolean =>
    (operation === "chat/completions" || operation === "responses") && Translate.hasOtherForm(called, body)
