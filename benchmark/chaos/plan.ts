/** The requests of the callers. The seed and the number of a request determine it completely. */
import * as Random from "../../test/support/Random.ts"
import { chains } from "./world.ts"

/** The protocol of a caller. */
export type Api = "chat" | "messages" | "responses"

/** One request. */
export interface Plan {
  readonly nonce: string
  readonly api: Api
  readonly model: string
  readonly stream: boolean
  readonly tool: boolean
  /** Characters of the answer. */
  readonly size: number
  /** Characters of padding in the request. */
  readonly padding: number
  /** How the caller reads: at once, slowly, or not to the end. */
  readonly reads: "at once" | "slowly" | "leaves before" | "leaves in the middle"
  /** Whether it has a connection of its own. */
  readonly alone: boolean
}

const paths: Readonly<Record<Api, string>> = {
  chat: "/v1/chat/completions",
  messages: "/v1/messages",
  responses: "/v1/responses"
}

export const pathOf = (api: Api): string => paths[api]

/** The request of this number. */
export const make = (seed: number, index: number): Plan => {
  const random = Random.of(seed, "plan", index)
  const isLarge = random.chance(0.01)
  const leaves = random.chance(0.06)
  return {
    nonce: `${seed.toString(36)}x${index.toString(36)}`,
    api: random.pick(["chat", "chat", "messages", "messages", "responses"] as const),
    model: random.chance(0.05)
      ? "hopeless"
      : random.pick(Object.keys(chains).filter((name) => name !== "hopeless")),
    stream: random.chance(0.5),
    tool: random.chance(0.25),
    size: isLarge ? 50_000 + random.int(250_000) : 80 + random.int(600),
    padding: random.chance(0.005) ? random.int(1_500_000) : 0,
    reads: leaves
      ? random.pick(["leaves before", "leaves in the middle"] as const)
      : random.chance(0.05)
        ? "slowly"
        : "at once",
    alone: random.chance(0.05)
  }
}

const schema = { type: "object", properties: { sealed: { type: "string" } }, required: ["sealed"] }

/** Its body. */
export const bodyOf = ({ api, model, nonce, padding, size, stream, tool }: Plan): string => {
  const text = `nonce=${nonce} size=${size} tool=${tool ? "yes" : "no"} ${"lorem ipsum ".repeat(padding / 12)}`
  const name = "tell"
  const description = "Tells a text"
  if (api === "responses") {
    const tools = tool
      ? { tools: [{ type: "function", name, description, parameters: schema, strict: false }] }
      : {}
    return JSON.stringify({ model, input: [{ role: "user", content: text }], stream, store: false, ...tools })
  }
  const messages = [{ role: "user", content: text }]
  if (api === "messages") {
    const tools = tool ? { tools: [{ name, description, input_schema: schema }] } : {}
    return JSON.stringify({ model, max_tokens: 1_000, messages, stream, ...tools })
  }
  const tools = tool
    ? { tools: [{ type: "function", function: { name, description, parameters: schema } }] }
    : {}
  return JSON.stringify({ model, messages, stream, ...tools })
}
