/**
 * A provider with the caller's protocol, for targets that refuse parts of it. For targets with
 * `dialect.apply: "always"` the rules of their dialect are applied to every request. All other targets get
 * the request byte for byte.
 */
import type { ProviderConfig } from "../../config/GatewayConfig.ts"
import type { GatewayProvider } from "./GatewayProvider.ts"

/** True if the config sets `apply: "always"` for the provider or one of its models. */
export const isConfigured = ({ dialect }: ProviderConfig): boolean =>
  [dialect?.all, ...Object.values(dialect?.models ?? {}).flat()].some(
    (choice) => typeof choice === "object" && choice.apply === "always"
  )

/** Chooses per target between the provider as it is and the provider with rewritten requests. */
export const make = (passThrough: GatewayProvider, translated: GatewayProvider): GatewayProvider => ({
  ...passThrough,
  complete: (request, target) =>
    (passThrough.dialectOf(target).apply === "always" ? translated : passThrough).complete(request, target),
  stream: (request, target) =>
    (passThrough.dialectOf(target).apply === "always" ? translated : passThrough).stream(request, target),
  secondTry: (request, refusal) =>
    translated.secondTry?.(request, refusal) ?? passThrough.secondTry?.(request, refusal)
})
