/** Amended requests for a second try: without the limit on output tokens, or without a field that the provider refused. */
import type { Provider } from "../domain/Provider.ts"
import type * as Failure from "../failure/Failure.ts"
import * as UserCode from "../util/UserCode.ts"

/** The request to send: amended after such a failure, if the provider can amend it. */
export const apply = <Request, Answer, Chunk>(
  provider: Provider<Request, Answer, Chunk>,
  request: Request,
  failure: Failure.BadRequest | undefined
): Request => (failure === undefined ? request : (amend(provider, request, failure) ?? request))

/** The amended request; `undefined` when the provider cannot amend it, or its function throws. */
export const amend = <Request, Answer, Chunk>(
  provider: Provider<Request, Answer, Chunk>,
  request: Request,
  failure: Failure.BadRequest
): Request | undefined => {
  try {
    const amended =
      failure.reason === "Invalid" || failure.reason === "Unsupported"
        ? provider.secondTry?.(request, failure)
        : provider.withoutOutputLimit?.(request, failure)
    return UserCode.isPromise(amended) ? undefined : amended
  } catch {
    return undefined
  }
}
