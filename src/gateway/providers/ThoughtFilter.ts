/** Removes thoughts of other protocols from requests for a provider with the Responses API. */
import type { Request } from "../../providers/wire/Wire.ts"
import * as Translate from "../../translate/index.ts"
import type { GatewayProvider } from "./GatewayProvider.ts"

/** The provider, called without the thoughts that models of other protocols left in the conversation. */
export const make = (provider: GatewayProvider): GatewayProvider => ({
  ...provider,
  complete: (request, target) => provider.complete(own(request), target),
  stream: (request, target) => provider.stream(own(request), target)
})

const own = (request: Request): Request => {
  const body = Translate.withoutForeignThoughts(request.body)
  return body === request.body ? request : { ...request, body, text: undefined }
}
