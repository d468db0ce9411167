/**
 * By which names a gateway on loopback may be asked for what needs no token.
 *
 * A web page can give its own name the address of this machine (DNS rebinding); what it then asks for is, for the browser,
 * its own. The browser still says in `host` whom it believes to talk to, so only names of this machine are taken. A
 * gateway that others can reach does not know its own names: there, tokens protect.
 */
import { isLoopback, type ServerConfig } from "../../config/GatewayConfig.ts"
import { type Refusal, make as refuse } from "../http/Refusal.ts"

/** A function that says why a request to a gateway on loopback is not answered; `undefined` when it is. */
export const make = ({
  allowedHosts,
  host
}: Pick<ServerConfig, "allowedHosts" | "host">): ((
  headers: Readonly<Record<string, string>>
) => Refusal | undefined) => {
  if (!isLoopback(host)) return () => undefined
  const allowed = new Set(allowedHosts.map((name) => name.toLowerCase()))
  return (headers) => {
    const said = headers.host
    // Only HTTP/1.0 may leave it out, which no browser speaks.
    if (said === undefined) return undefined
    const name = nameOf(said)
    return name !== undefined && (isLoopback(name) || allowed.has(name) || allowed.has(said.toLowerCase()))
      ? undefined
      : forbidden
  }
}

/** The name in a `host` header, without its port, in lower case. */
const nameOf = (host: string): string | undefined => {
  const match = /^(\[[\da-f:.]+\]|[^:[\]@/\s]+)(?::\d{0,5})?$/i.exec(host)
  return match?.[1]?.toLowerCase().replace(/\.$/, "")
}

const forbidden = refuse(
  403,
  "forbidden_host",
  "a gateway on loopback answers this by the names of this machine only; others can be named in server.allowedHosts"
)
