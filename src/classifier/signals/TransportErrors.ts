/**
 * Classifies failures without a response, from the error that the transport threw.
 *
 * All of them are `Transient`; the code only gives the reason. A lack of resources in our own process is `Local`. A
 * name that cannot be resolved now (`EAI_AGAIN`) is a `Connection`: the resolver does not show whether it or the
 * zone's server failed. Codes are looked up along the chain of `cause` and in the `errors[]` of an AggregateError.
 * Messages are never searched for numbers, since they contain ports and addresses.
 */
import type { TransientReason } from "../../failure/Failure.ts"
import { isArray, isFields, read, readString } from "./Signal.ts"

type Reason = typeof TransientReason.Type

interface Group {
  readonly as: Reason
  readonly source: string
  readonly values: string
}

const codeGroups: ReadonlyArray<Group> = [
  {
    as: "Local",
    source:
      "https://man7.org/linux/man-pages/man2/socket.2.html and connect.2.html: no free descriptor, port, buffer or memory here, or forbidden by our own system",
    values:
      "EMFILE ENFILE ENOBUFS ENOMEM EADDRNOTAVAIL EADDRINUSE EACCES EPERM ENOTSOCK EINVAL EBADF ENOSR OUT_OF_MEM"
  },
  {
    as: "Local",
    source:
      "https://nodejs.org/api/errors.html; https://undici.nodejs.org/#/docs/api/Errors: what was to be sent is wrong",
    values:
      "ERR_INVALID_CHAR ERR_HTTP_INVALID_HEADER_VALUE ERR_INVALID_HTTP_TOKEN ERR_INVALID_ARG_TYPE ERR_INVALID_ARG_VALUE ERR_OUT_OF_RANGE ERR_STRING_TOO_LONG ERR_BUFFER_TOO_LARGE ERR_MEMORY_ALLOCATION_FAILED UND_ERR_INVALID_ARG UND_ERR_NOT_SUPPORTED UND_ERR_INVALID_RETURN_VALUE UND_ERR_REQ_CONTENT_LENGTH_MISMATCH UND_ERR_MAX_ORIGINS_REACHED ERR_WEBASSEMBLY_NOT_SUPPORTED"
  },
  {
    as: "Connection",
    source: "https://nodejs.org/api/errors.html#common-system-errors",
    values:
      "ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN ENETRESET ENOTCONN ESHUTDOWN EPROTO EAI_AGAIN EAI_FAIL EAI_NODATA EAI_NONAME ENOTFOUND ENODATA ESERVFAIL ETIMEOUT ECANCELED"
  },
  {
    as: "Connection",
    source: "https://undici.nodejs.org/#/docs/api/Errors",
    values:
      "UND_ERR_CONNECT_TIMEOUT UND_ERR_SOCKET UND_ERR_CLOSED UND_ERR_DESTROYED UND_ERR_CONNECT UND_ERR_PRX_TLS UND_ERR_BPL_MISSING_UPSTREAM UND_ERR_REQ_RETRY UND_ERR UND_ERR_INFO UND_ERR_ABORTED UND_ERR_SOCKS5"
  },
  {
    as: "Timeout",
    source: "https://undici.nodejs.org/#/docs/api/Errors; https://axios-http.com/docs/handling_errors",
    values:
      "UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT ESOCKETTIMEDOUT ERR_HTTP_REQUEST_TIMEOUT HTTP_REQUEST_TIMEOUT"
  },
  {
    as: "Malformed",
    source: "https://undici.nodejs.org/#/docs/api/Errors; https://nodejs.org/api/zlib.html",
    values:
      "UND_ERR_RESPONSE_EXCEEDED_SIZE UND_ERR_RES_CONTENT_LENGTH_MISMATCH UND_ERR_RES_EXCEEDED_MAX_SIZE UND_ERR_HEADERS_OVERFLOW UND_ERR_RESPONSE UND_ERR_RESPONSE_STATUS_CODE Z_DATA_ERROR Z_BUF_ERROR Z_STREAM_ERROR ERR_ENCODING_INVALID_ENCODED_DATA ERR_CONTENT_DECODING_FAILED"
  },
  {
    as: "Connection",
    source: "https://nodejs.org/api/tls.html#x509-certificate-error-codes",
    values:
      "DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_REVOKED CERT_UNTRUSTED CERT_REJECTED CERT_SIGNATURE_FAILURE CERT_CHAIN_TOO_LONG HOSTNAME_MISMATCH INVALID_CA INVALID_PURPOSE PATH_LENGTH_EXCEEDED UNABLE_TO_GET_CRL CRL_SIGNATURE_FAILURE CRL_NOT_YET_VALID CRL_HAS_EXPIRED UNABLE_TO_DECRYPT_CERT_SIGNATURE UNABLE_TO_DECRYPT_CRL_SIGNATURE UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY ERROR_IN_CERT_NOT_BEFORE_FIELD ERROR_IN_CERT_NOT_AFTER_FIELD ERROR_IN_CRL_LAST_UPDATE_FIELD ERROR_IN_CRL_NEXT_UPDATE_FIELD"
  },
  {
    as: "Connection",
    source: "https://bun.sh/docs/runtime/networking/fetch; https://docs.deno.com/runtime/",
    values:
      "ConnectionRefused ConnectionClosed ConnectionReset FailedToOpenSocket UnableToConnect DNSResolveFailed HostNotFound ConnectionTimeout NetworkUnreachable TooManyRedirects ERR_TLS_CERT_ALTNAME_INVALID"
  },
  { as: "Timeout", source: "https://bun.sh/docs/runtime/networking/fetch", values: "Timeout" },
  {
    as: "Truncated",
    source: "https://nodejs.org/api/errors.html; https://nodejs.org/api/stream.html",
    values:
      "ERR_STREAM_PREMATURE_CLOSE ERR_HTTP2_STREAM_ERROR ERR_HTTP2_SESSION_ERROR ERR_HTTP2_GOAWAY_SESSION ERR_STREAM_DESTROYED ERR_INCOMPLETE_CHUNKED_ENCODING UND_ERR_RES_ABORTED"
  }
]

const codes = new Map(
  codeGroups.flatMap((group) => group.values.split(" ").map((v) => [v, group.as] as const))
)

/** Families of codes that grow with their library. */
const families: ReadonlyArray<readonly [string, Reason]> = [
  ["HPE_", "Malformed"],
  // https://docs.openssl.org/master/man7/ossl_store/: a certificate or key of our own that cannot be read
  ["ERR_OSSL_PEM_", "Local"],
  ["ERR_OSSL_X509_", "Local"],
  ["ERR_OSSL_PKCS12_", "Local"],
  ["ERR_SSL_", "Connection"],
  ["ERR_TLS_", "Connection"],
  ["ERR_HTTP2_", "Truncated"],
  ["ERR_SOCKET_", "Connection"],
  ["ERR_PROXY_", "Connection"],
  ["ERR_CERT_", "Connection"],
  ["ERR_CONNECTION_", "Connection"],
  ["ERR_NETWORK", "Connection"],
  ["ERR_INTERNET_", "Connection"],
  ["ERR_NAME_", "Connection"],
  ["ERR_TIMED_OUT", "Timeout"],
  ["ERR_INVALID_URL", "Connection"],
  ["UND_ERR_", "Connection"],
  ["EAI_", "Connection"]
]

/** Error names, where there is no code. Source: https://developer.mozilla.org/docs/Web/API/DOMException */
const names: { readonly [name: string]: Reason } = {
  TimeoutError: "Timeout",
  HeadersTimeoutError: "Timeout",
  BodyTimeoutError: "Timeout",
  ConnectTimeoutError: "Connection",
  ConnectionRefusedError: "Connection",
  APIConnectionTimeoutError: "Timeout",
  ReadTimeout: "Timeout",
  APIConnectionError: "Connection",
  ConnectError: "Connection",
  SocketError: "Connection",
  NetworkError: "Connection",
  SyntaxError: "Malformed",
  ResponseContentLengthMismatchError: "Malformed",
  HTTPParserError: "Malformed"
}

/** Whole messages of runtimes that give no code. */
const messages: ReadonlyArray<readonly [RegExp, Reason]> = [
  // https://v8.dev: the stack or the memory of this process ran out
  [
    /\b(maximum call stack size exceeded|array buffer allocation failed|invalid (string|array) length|javascript heap out of memory|too many open files)\b/,
    "Local"
  ],
  // https://fetch.spec.whatwg.org: a body that broke off
  [/^terminated$/, "Truncated"],
  [
    /\b(premature close|incomplete (chunked|envelope|body|read)|unexpected eof|connection closed before message completed)\b/,
    "Truncated"
  ],
  [
    /\b(unexpected end of (json|file|input|stream|form)|unterminated string in json|unexpected token|is not valid json|json parse error|invalid json|incorrect header check|malformed)\b/,
    "Malformed"
  ],
  [
    /\b(headers|body|read|request|response|operation was|idle) ?(timed out|timeout|aborted due to timeout)\b/,
    "Timeout"
  ],
  [
    /^(fetch failed|failed to fetch|network error|load failed|networkerror when attempting to fetch resource\.?|the network connection was lost\.?|network request failed|connection error\.?|socket hang up|unable to connect.{0,60})$/,
    "Connection"
  ],
  [
    /\b(other side closed|socket hang up|connection (refused|reset|closed|error|aborted)|redirect count exceeded|certificate|handshake|getaddrinfo|no such host|dns)\b/,
    "Connection"
  ]
]

const fromCodeText = (code: string): Reason | undefined =>
  codes.get(code) ?? families.find(([prefix]) => code.startsWith(prefix))?.[1]

/**
 * The code in the message of a system error: `connect ECONNREFUSED 127.0.0.1:80`. Wrappers often keep the message only.
 * https://nodejs.org/api/errors.html#class-systemerror
 */
const systemMessage = /^(?:connect|read|write|getaddrinfo|bind|socket|query\w+) (E[A-Z_]{3,30})\b/

const fromMessage = (message: string): Reason | undefined => {
  const code = systemMessage.exec(message)?.[1]
  const known = code === undefined ? undefined : fromCodeText(code)
  if (known !== undefined) return known
  const lower = message.slice(0, 512).toLowerCase().trim()
  return messages.find(([pattern]) => pattern.test(lower))?.[1]
}

/** The most links of a chain that are examined. */
const maxLinks = 24

/**
 * The error, its causes and the errors it gathers; at most {@link maxLinks}, each once.
 *
 * @internal
 */
export const chainOf = (error: unknown): ReadonlyArray<unknown> => {
  const links: Array<unknown> = []
  const queue: Array<unknown> = [error]
  while (queue.length > 0 && links.length < maxLinks) {
    const link = queue.shift()
    if (link === undefined || link === null || links.includes(link)) continue
    links.push(link)
    if (!isFields(link)) continue
    const gathered = read(link, "errors")
    if (isArray(gathered)) for (let i = 0; i < 8; i++) queue.push(read(gathered, String(i)))
    queue.push(read(link, "cause"))
  }
  return links
}

/**
 * The kind of a transport error, and its evidence. Never throws, whatever it is given; `Unknown` for anything that is not
 * a transport error.
 *
 * @example
 * import { TransportErrors } from "effect-failover/classifier"
 *
 * TransportErrors.classifyTransport({ message: "fetch failed", cause: { code: "ECONNREFUSED" } })
 * // => { reason: "Connection", evidence: "transport code=ECONNREFUSED" }
 */
export const classifyTransport = (error: unknown): { readonly reason: Reason; readonly evidence: string } => {
  const links = chainOf(error)
  // The outer error shows that a body broke off; the code inside shows only how.
  const outer = readString(links[0], "message")
  const inside = links
    .map((link) => readString(link, "code"))
    .find((code) => code !== undefined && fromCodeText(code) !== undefined)
  if (outer !== undefined && outer.trim().toLowerCase() === "terminated") {
    const reason = inside === undefined ? undefined : fromCodeText(inside)
    return {
      reason: reason === undefined || reason === "Connection" ? "Truncated" : reason,
      evidence:
        inside === undefined ? `transport message "terminated"` : `transport terminated, code=${inside}`
    }
  }
  if (inside !== undefined)
    return { reason: fromCodeText(inside)!, evidence: `transport code=${inside.slice(0, 60)}` }
  for (const link of links) {
    const name = readString(link, "name")
    if (name !== undefined && Object.hasOwn(names, name))
      return { reason: names[name]!, evidence: `transport name=${name}` }
  }
  for (const link of links) {
    const message = typeof link === "string" ? link : readString(link, "message")
    const reason = message === undefined ? undefined : fromMessage(message)
    if (reason !== undefined) return { reason, evidence: "transport message" }
  }
  return { reason: "Unknown", evidence: "transport error without a known code" }
}
