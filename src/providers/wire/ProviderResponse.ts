/** What a provider answered when it did not answer the request. */

/**
 * A provider's own answer to a request it did not serve: the `cause` of the failure it became. With it a provider's
 * word about a bad request can be passed on as it was.
 *
 * The body may quote the prompt, so it is not enumerable: it appears in no log and no JSON. The key of the
 * credential that was used has been blotted out of it.
 *
 * @category failures
 */
export class ProviderResponse extends Error {
  override readonly name = "ProviderResponse"
  readonly status: number
  readonly contentType: string | undefined
  /** The wire protocol its body is written in, where it is known. */
  readonly protocol: "openai" | "anthropic" | undefined
  /** At most the first 64 KiB. */
  declare readonly body: string

  constructor(options: {
    readonly status: number
    readonly contentType: string | undefined
    readonly protocol?: "openai" | "anthropic" | undefined
    readonly body: string
  }) {
    super(`the provider answered with status ${options.status}`)
    this.status = options.status
    this.contentType = options.contentType
    this.protocol = options.protocol
    Object.defineProperty(this, "body", { value: options.body, enumerable: false })
    // Where it was made says nothing about what a provider answered.
    this.stack = `${this.name}: ${this.message}`
  }
}

/** True for a provider's own answer, as found in the `cause` of a failure. */
export const isProviderResponse = (u: unknown): u is ProviderResponse => u instanceof ProviderResponse
