/** What observers are told of a request. */
import type { About } from "../../events/FailoverEvent.ts"
import * as AffinityKey from "./AffinityKey.ts"

/** Says it, and works out what costs something only when somebody asks for it. */
export class RequestAbout implements About {
  readonly requestId: string
  readonly model: string
  readonly operation: string
  readonly traceparent: string | undefined
  readonly [name: string]: string | undefined
  readonly #affinity: AffinityKey.Key | undefined

  constructor(
    requestId: string,
    model: string,
    operation: string,
    traceparent: string | undefined,
    affinity: AffinityKey.Key | undefined
  ) {
    this.requestId = requestId
    this.model = model
    this.operation = operation
    this.traceparent = traceparent
    this.#affinity = affinity
  }

  /** What its conversation is called; `undefined` where it has no key. */
  get conversation(): string | undefined {
    return AffinityKey.label(this.#affinity)
  }
}
