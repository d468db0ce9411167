/**
 * A provider whose own words the caller speaks, but some of whose targets refuse them as callers say them: for those the
 * rules of their dialect are applied here too (`dialect.apply: "always"`). All others get every byte as it came.
 */
import type { ProviderConfig } from "../../config/GatewayConfig.ts"
import type { GatewayProvider } from "./GatewayProvider.ts"

/** True for a provider of which the config says so, for all of its models or for some. */
export const isMeant = ({ dialect }: ProviderConfig): boolean =>
  [dialect?.all, ...Object.values(dialect?.models ?? {}).flat()].some(
    (choice) => typeof choice === "object" && choice.apply === "always"
  )

/** The provider as it is, and for the targets that are meant as it is when requests are written for it. */
export const make = (plain: GatewayProvider, written: GatewayProvider): GatewayProvider => ({
  ...plain,
  complete: (request, target) =>
    (plain.dialectOf(target).apply === "always" ? written : plain).complete(request, target),
  stream: (request, target) =>
    (plain.dialectOf(target).apply === "always" ? written : plain).stream(request, target),
  secondTry: (request, refusal) =>
    written.secondTry?.(request, refusal) ?? plain.secondTry?.(request, refusal)
})
