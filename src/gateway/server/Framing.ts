/** Refuses what Node's parser accepts although HTTP/1.1 does not: another program may read such a request differently. */
import type { IncomingMessage } from "node:http"
import * as OwnRefusals from "../http/OwnRefusals.ts"
import type { Refusal } from "../http/Refusal.ts"
import type { Headers } from "./NodeAnswer.ts"

/** The refusal of a request with an unknown version, without one host, or with a body in an unknown coding. */
export const check = ({ httpVersion }: IncomingMessage, headers: Headers): Refusal | undefined => {
  const { host } = headers
  const coding = headers["transfer-encoding"]
  if (httpVersion !== "1.1") {
    // HTTP/1.0 has no codings, so a body in one may also be read as the next request:
    // https://www.rfc-editor.org/rfc/rfc9112#section-6.1
    return httpVersion !== "1.0" || coding !== undefined ? OwnRefusals.malformed : undefined
  }
  if (host === undefined) return OwnRefusals.noHost
  // The server joins repeated headers by commas.
  if (host.includes(",")) return OwnRefusals.malformed
  return coding === undefined || coding.toLowerCase() === "chunked" ? undefined : OwnRefusals.malformed
}
