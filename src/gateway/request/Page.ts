/** Answers that are made for no request in particular: pages, and those of the admin API. */
import * as HttpBody from "effect/http/HttpBody"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Stream from "effect/Stream"
import type { Secrets } from "../../redaction/Secrets.ts"
import type { Caller } from "./GatewayAnswer.ts"

type Response = HttpServerResponse.HttpServerResponse

/** The answer for one caller: with the id of its request, and without secrets. */
export const answer = ({ requestId, secrets }: Caller, response: Response): Response => {
  const body = cleanBody(secrets, response.body)
  const cleaned = body === response.body ? response : HttpServerResponse.setBody(response, body)
  return HttpServerResponse.setHeader(cleaned, "x-request-id", requestId)
}

const cleanBody = (secrets: Secrets, body: HttpBody.HttpBody): HttpBody.HttpBody => {
  switch (body._tag) {
    case "Uint8Array": {
      const bytes = secrets.bytes(body.body)
      return bytes === body.body ? body : HttpBody.uint8Array(bytes, body.contentType)
    }
    case "Stream":
      return HttpBody.stream(Stream.map(body.stream, secrets.bytes), body.contentType, body.contentLength)
    default:
      return body
  }
}
