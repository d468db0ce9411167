/** The scenes of the tour: what is broken, what is asked, and what has to come of it. */
import type { ConfigFile } from "../../config/file/ConfigFile.ts"
import type { Act, Asked } from "../simulated/Server.ts"
import type { Saw } from "./Client.ts"

/** One scene. */
export interface Scene {
  readonly title: string
  /** What is going to be seen, in a sentence or two. */
  readonly about: string
  readonly model: string
  readonly stream?: boolean
  /** How often it is asked. Default once. */
  readonly times?: number
  /** What is promised of the last request: its status, its trail, and who answered. */
  readonly expected: { readonly status: number; readonly trail: string; readonly target: string }
}

/** The scenes in their order; each has providers of its own, so that none spoils the next. */
export const scenes: ReadonlyArray<Scene> = [
  {
    title: "A key is throttled",
    about:
      "The provider says 429 to the first key and asks for 20 seconds. The second key of the same model answers at once; nobody waits.",
    model: "throttled/large",
    expected: { status: 200, trail: "rate-limit,ok", target: "throttled/large#backup" }
  },
  {
    title: "A key is dead",
    about:
      "The first key was revoked: 401. It rests for minutes with all its models, so the second request does not try it again.",
    model: "revoked/large",
    times: 2,
    expected: { status: 200, trail: "ok", target: "revoked/large#backup" }
  },
  {
    title: "A provider is overloaded",
    about:
      "503, and again after two short waits: another key would meet the same wall, so another model answers.",
    model: "smart",
    expected: { status: 200, trail: "overloaded,overloaded,overloaded,ok", target: "steady/small#default" }
  },
  {
    title: "A stream dies before its first word",
    about:
      "Status 200, the first event, and the connection breaks. Nothing of it has reached the caller, so the next model begins anew.",
    model: "story",
    stream: true,
    expected: { status: 200, trail: "truncated,truncated,truncated,ok", target: "steady/small#default" }
  },
  {
    title: "A request is wrong",
    about:
      "Every provider would refuse it, so it goes to no second one: the first one's own status and words come back at once.",
    model: "strict/large",
    expected: { status: 400, trail: "invalid", target: "strict/large#default" }
  }
]

/** What a scene promised and did not keep; empty when all is well. */
export const broken = ({ expected }: Scene, { headers, status }: Saw): ReadonlyArray<string> =>
  [
    ["the status", String(expected.status), String(status)],
    ["the trail", expected.trail, headers.get("x-failover-trail")],
    ["the target", expected.target, headers.get("x-failover-target")]
  ].flatMap(([what, wanted, got]) => (wanted === got ? [] : [`${what} should be ${wanted}, and is ${got}`]))

/** How each provider behaves. */
export const providers: Readonly<Record<string, (asked: Asked) => Act>> = {
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

/** The config over the providers, given where each of them stands. */
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
