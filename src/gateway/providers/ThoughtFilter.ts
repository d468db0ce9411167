/** A provider of OpenAI's responses in a chain with others, whose thoughts it must not be given. */
import type { Request } from "../../providers/wire/Wire.ts"
import * as Translate from "../../translate/index.ts"
import type { GatewayProvider } from "./GatewayProvider.ts"

/** The provider, asked without the thoughts that models of another protocol left in the conversation. */
export const make = (provider: GatewayProvider): GatewayProvider => ({
  ...provider,
  complete: (request, target) => provider.complete(own(request), target),
  stream: (request, target) => provider.stream(own(request), target)
})

const own = (request: Request): Request => {
  const body = Translate.withoutForeignThoughts(request.body)
  return body === request.body ? request : { ...request, body, text: undefined }
}
