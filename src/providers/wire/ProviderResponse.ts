/** The response of a provider that did not serve the request. */

/**
 * A provider's own response to a request it did not serve: the `cause` of the resulting failure. With it, a
 * provider's explanation of a bad request can be passed on unchanged.
 *
 * The body may quote the prompt, so it is not enumerable: it appears in no log and no JSON. The key of the used
 * credential has been redacted from it.
 *
 * @category failures
 */
export class ProviderResponse extends Error {
  override readonly name = "ProviderResponse"
  readonly status: number
  readonly contentType: string | undefined
  /** The wire protocol of the body, if known. */
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
    // A stack trace would show nothing about the provider's response.
    this.stack = `${this.name}: ${this.message}`
  }
}

/** True for a provider's own response, as found in the `cause` of a failure. */
export const isProviderResponse = (u: unknown): u is ProviderResponse => u instanceof ProviderResponse
