/**
 * Which `host` headers a gateway on loopback accepts for pages that need no token.
 *
 * A web page can point its own domain at this machine (DNS rebinding), and the browser then treats the
 * gateway as the page's origin. The `host` header still has that domain, so only names of this machine are
 * accepted. The names of a gateway beyond loopback are unknown; tokens protect it.
 */
import { isLoopback, type ServerConfig } from "../../config/GatewayConfig.ts"
import { type Refusal, make as refuse } from "../http/Refusal.ts"

/** Makes the check. It returns a refusal, or `undefined` if the host is accepted. */
export const make = ({
  allowedHosts,
  host
}: Pick<ServerConfig, "allowedHosts" | "host">): ((
  headers: Readonly<Record<string, string>>
) => Refusal | undefined) => {
  if (!isLoopback(host)) return () => undefined
  const allowed = new Set(allowedHosts.map((name) => name.toLowerCase()))
  return (headers) => {
    const given = headers.host
    // Only HTTP/1.0 may omit it, and browsers do not use HTTP/1.0.
    if (given === undefined) return undefined
    const name = nameOf(given)
    return name !== undefined && (isLoopback(name) || allowed.has(name) || allowed.has(given.toLowerCase()))
      ? undefined
      : forbidden
  }
}

/** The name in a `host` header, without the port, in lower case. */
const nameOf = (host: string): string | undefined => {
  const match = /^(\[[\da-f:.]+\]|[^:[\]@/\s]+)(?::\d{0,5})?$/i.exec(host)
  return match?.[1]?.toLowerCase().replace(/\.$/, "")
}

const forbidden = refuse(
  403,
  "forbidden_host",
  "a gateway on loopback accepts only host names of this machine here; add others to server.allowedHosts"
)
