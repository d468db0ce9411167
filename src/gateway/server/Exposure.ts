/** Beyond loopback a gateway without tokens would spend its owner's money for whoever finds it. */
import * as Schema from "effect/Schema"
import { isLoopback, type ServerConfig } from "../../config/GatewayConfig.ts"

/**
 * A gateway without tokens was to listen where others can reach it. For its owner: give it a token, or say
 * `"tokens": "none"`.
 *
 * @category errors
 */
export class ExposedGateway extends Schema.TaggedError<ExposedGateway>()("ExposedGateway", {
  host: Schema.String
}) {
  override get message() {
    return `on ${this.host} others can reach the gateway, so it needs at least one token, as in ["env:GATEWAY_TOKEN"]; "none" lets everybody in`
  }
}

/** Why a gateway may not listen like this; `undefined` when it may. */
export const check = ({ host, tokens }: ServerConfig): ExposedGateway | undefined =>
  tokens === "none" || tokens.length > 0 || isLoopback(host) ? undefined : new ExposedGateway({ host })
