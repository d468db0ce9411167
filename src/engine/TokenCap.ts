/** Requests whose cap on output tokens turned out to be too high for a model: the same without it. */

import type { Provider } from "../domain/Provider.ts"
import type * as Failure from "../failure/Failure.ts"
import * as UserCode from "../util/UserCode.ts"

/** The request as it is to be sent: without its cap after such a failure, if that can be done. */
export const uncapped = <Request, Answer, Chunk>(
  provider: Provider<Request, Answer, Chunk>,
  request: Request,
  capped: Failure.BadRequest | undefined
): Request => (capped === undefined ? request : (withoutTokenCap(provider, request, capped) ?? request))

/** A provider that cannot do it, for whatever reason, has no way to leave the cap out. */
export const withoutTokenCap = <Request, Answer, Chunk>(
  provider: Provider<Request, Answer, Chunk>,
  request: Request,
  capped: Failure.BadRequest
): Request | undefined => {
  try {
    const again =
      capped.reason === "Invalid" || capped.reason === "Unsupported"
        ? provider.secondTry?.(request, capped)
        : provider.withoutTokenCap?.(request, capped)
    return UserCode.isPromise(again) ? undefined : again
  } catch {
    return undefined
  }
}
