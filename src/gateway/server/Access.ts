/** Who may send a request: its token, its origin and the host that it names. */
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { ServerConfig } from "../../config/GatewayConfig.ts"
import type { Refusal } from "../http/Refusal.ts"
import * as Hosts from "./Hosts.ts"
import type { Headers } from "./NodeAnswer.ts"
import * as Tokens from "./Tokens.ts"
import * as WrongTokens from "./WrongTokens.ts"

/** The checks of one config. Each returns a refusal, or `undefined` if the request may proceed. */
export interface Access {
  /** Checks the token, or without tokens the origin, of a handshake. Wrong tokens are not counted. */
  readonly handshake: (headers: Headers) => Refusal | undefined
  /** Checks the same of a request. A wrong token counts for its address, and gets 429 above the limit. */
  readonly request: (incoming: HttpServerRequest, headers: Headers) => Refusal | undefined
  /** Checks the host of a page that needs no token. */
  readonly page: (headers: Headers) => Refusal | undefined
  /** Checks the host of what needs a token, unless the config has none. */
  readonly list: (headers: Headers) => Refusal | undefined
}

/** Makes the checks. */
export const make = (server: ServerConfig, wrongTokens: WrongTokens.WrongTokens): Access => {
  const handshake = Tokens.make(server.tokens, server.cors)
  const page = Hosts.make(server)
  const retrySeconds = wrongTokens.at("client", server.wrongTokens)
  return {
    handshake,
    page,
    list: server.tokens.length === 0 ? page : () => undefined,
    request: (incoming, headers) => {
      const refusal = handshake(headers)
      const seconds = refusal?.status === 401 ? retrySeconds(incoming) : undefined
      return seconds === undefined ? refusal : WrongTokens.refusal(seconds)
    }
  }
}
