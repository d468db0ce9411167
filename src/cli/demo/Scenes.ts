/** The scenes of the tour: the fault, the request, and the expected outcome. */
import type { ConfigFile } from "../../config/file/ConfigFile.ts"
import type { Act, SimulatedRequest } from "../simulated/Server.ts"
import type { Outcome } from "./Client.ts"

/** One scene. */
export interface Scene {
  readonly title: string
  /** What happens, in a sentence or two. */
  readonly about: string
  readonly model: string
  readonly stream?: boolean
  /** How often it is requested. Default 1. */
  readonly times?: number
  /** The expected outcome of the last request. */
  readonly expected: { readonly status: number; readonly trail: string; readonly target: string }
}

/** The scenes in order. Each has its own providers, so that none affects the next. */
export const scenes: ReadonlyArray<Scene> = [
  {
    title: "A key is throttled",
    about:
      "The provider returns 429 for the first key, with a retry-after of 20 seconds. The second key of the same model answers at once.",
    model: "throttled/large",
    expected: { status: 200, trail: "rate-limit,ok", target: "throttled/large#backup" }
  },
  {
    title: "A key is dead",
    about:
      "The first key was revoked: 401. It is benched for minutes with all its models, so the second request does not try it again.",
    model: "revoked/large",
    times: 2,
    expected: { status: 200, trail: "ok", target: "revoked/large#backup" }
  },
  {
    title: "A provider is overloaded",
    about:
      "503, and again after two retries. Another key would get the same answer, so the run falls back to another model.",
    model: "smart",
    expected: { status: 200, trail: "overloaded,overloaded,overloaded,ok", target: "steady/small#default" }
  },
  {
    title: "A stream breaks before its first content",
    about:
      "Status 200, the first event, and the connection breaks. Nothing of it has reached the caller, so the run falls back to the next model.",
    model: "story",
    stream: true,
    expected: { status: 200, trail: "truncated,truncated,truncated,ok", target: "steady/small#default" }
  },
  {
    title: "A request is wrong",
    about:
      "Every provider would refuse it, so there is no fallback: the status and the error of the first one are returned at once.",
    model: "strict/large",
    expected: { status: 400, trail: "invalid", target: "strict/large#default" }
  }
]

/** The expectations that were not met. */
export const broken = ({ expected }: Scene, { headers, status }: Outcome): ReadonlyArray<string> =>
  [
    ["the status", String(expected.status), String(status)],
    ["the trail", expected.trail, headers.get("x-failover-trail")],
    ["the target", expected.target, headers.get("x-failover-target")]
  ].flatMap(([what, wanted, got]) => (wanted === got ? [] : [`${what} should be ${wanted}, and is ${got}`]))

/** The behaviour of each provider. */
export const providers: Readonly<Record<string, (request: SimulatedRequest) => Act>> = {
  throttled: ({ key }) =>
    key === "key-1"
      ? refuse(429, "rate_limit_exceeded", "Rate limit reached for requests", { "retry-after": "20" })
      : answer("the second key of throttled/large"),
  revoked: ({ key }) =>
    key === "key-1"
      ? refuse(401, "invalid_api_key", "Incorrect API key provided")
      : answer("the second key of revoked/large"),
  busy: () => refuse(503, "server_overloaded", "The engine is currently overloaded"),
  shaky: () => ({ _tag: "Break" }),
  steady: () => answer("steady/small"),
  strict: () => refuse(400, "invalid_request_error", "Unknown parameter: 'temprature'")
}

const answer = (who: string): Act => ({
  _tag: "Answer",
  text: `Here is ${who}.`,
  wait: "30 millis",
  pause: "10 millis"
})

const refuse = (status: number, code: string, message: string, headers = {}): Act => ({
  _tag: "Refuse",
  status,
  code,
  message,
  headers
})

const twoKeys = [
  { name: "primary", apiKey: "key-1" },
  { name: "backup", apiKey: "key-2" }
]

/** The config for the providers at these origins. */
export const config = (origins: ReadonlyMap<string, string>): ConfigFile => ({
  providers: Object.fromEntries(
    [...origins].map(([name, origin]) => [
      name,
      {
        protocol: "openai",
        baseUrl: `${origin}/v1`,
        ...(["throttled", "revoked"].includes(name) && { credentials: twoKeys })
      }
    ])
  ),
  models: {
    smart: ["busy/large", "steady/small"],
    story: ["shaky/large", "steady/small"]
  },
  server: { port: 0 }
})
