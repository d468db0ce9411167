/** Refuses to listen beyond loopback without tokens: anyone on the network could spend the owner's money. */
import * as Schema from "effect/Schema"
import { isLoopback, type ServerConfig } from "../../config/GatewayConfig.ts"

/**
 * A gateway without tokens was configured to listen beyond loopback. Configure a token, or set `"tokens":
 * "none"`.
 *
 * @category errors
 */
export class ExposedGateway extends Schema.TaggedError<ExposedGateway>()("ExposedGateway", {
  host: Schema.String
}) {
  override get message() {
    return `other machines can reach the gateway on ${this.host}, so it needs at least one token, such as ["env:GATEWAY_TOKEN"]; "none" allows every caller`
  }
}

/** Why the gateway may not listen like this; `undefined` if it may. */
export const check = ({ host, tokens }: ServerConfig): ExposedGateway | undefined =>
  tokens === "none" || tokens.length > 0 || isLoopback(host) ? undefined : new ExposedGateway({ host })
