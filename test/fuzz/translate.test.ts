/** Requests, answers and streams that are nearly valid are translated or refused, and what is lost is named. */
import { assert, describe } from "@effect/vitest"
import * as Plan from "../../benchmark/chaos/plan.ts"
import { type Asked, streamed, whole } from "../../benchmark/chaos/replies.ts"
import * as Translate from "../../src/translate/index.ts"
import { fuzz, json, mutated } from "../support/fuzz.ts"
import type * as Random from "../support/Random.ts"
import * as samples from "../support/translate/samples.ts"
import { context, eventsOf } from "../support/translate/support.ts"

const dialects: ReadonlyArray<Translate.Dialect> = ["openai", "anthropic", "responses"]
const protocols: ReadonlyArray<Translate.Protocol> = ["openai", "anthropic"]

const paths: Readonly<Record<Translate.Dialect, Asked["path"]>> = {
  openai: "chat",
  anthropic: "messages",
  responses: "responses"
}

/** A word that occurs nowhere else. */
const marker = "MARKER-7f3a"

const call = { id: "call_1", type: "function", function: { name: "tell", arguments: '{"sealed":"a"}' } }
const talks: Readonly<Record<Translate.Dialect, ReadonlyArray<object>>> = {
  openai: [
    { role: "system", content: "be short" },
    {
      role: "user",
      content: [
        { type: "text", text: "a" },
        { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }
      ]
    },
    { role: "assistant", content: null, tool_calls: [call] },
    { role: "tool", tool_call_id: "call_1", content: "b" },
    { role: "assistant", content: "c", reasoning_content: "d" }
  ],
  anthropic: [
    { role: "user", content: [{ type: "text", text: "a", cache_control: { type: "ephemeral" } }] },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "b", signature: "c" },
        { type: "tool_use", id: "call_1", name: "tell", input: { sealed: "a" } }
      ]
    },
    {
      role: "user",
      content: [{ type: "tool_result", tool_use_id: "call_1", content: [{ type: "text", text: "b" }] }]
    },
    { role: "assistant", content: "c" }
  ],
  responses: [
    { role: "user", content: [{ type: "input_text", text: "a" }] },
    { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "b" }] },
    { type: "function_call", call_id: "call_1", name: "tell", arguments: "{}" },
    { type: "function_call_output", call_id: "call_1", output: "b" },
    { role: "assistant", content: [{ type: "output_text", text: "c" }] }
  ]
}

const settings: Translate.JsonObject = {
  temperature: 0.5,
  top_p: 0.5,
  stop: ["x"],
  metadata: { user_id: "u" },
  tool_choice: { type: "auto" },
  response_format: { type: "json_object" },
  reasoning_effort: "low",
  thinking: { type: "enabled", budget_tokens: 2_000 },
  parallel_tool_calls: false,
  service_tier: "auto"
}

const requestOf = (random: Random.Random, dialect: Translate.Dialect): Translate.JsonObject => {
  const api = paths[dialect]
  const body = JSON.parse(Plan.bodyOf({ ...Plan.make(1, random.int(1_000)), api, padding: 0 }))
  const list = api === "responses" ? "input" : "messages"
  const some = Object.entries(settings).filter(() => random.chance(0.2))
  return { ...body, [list]: [...talks[dialect], ...body[list]], ...Object.fromEntries(some) }
}

const objectOf = (value: unknown): Translate.JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {}

/** The result can be written as JSON, and its list of names is one. */
const isWritten = (body: unknown, dropped: ReadonlyArray<string>): string => {
  for (const name of dropped) assert.isString(name)
  const text = JSON.stringify(body)
  assert.isString(text)
  return text
}

describe("a request that is nearly right", () => {
  fuzz("is translated without a throw", 2_000, (random) => {
    const from = random.pick(dialects)
    const to = random.pick(protocols)
    const body = objectOf(mutated(random, requestOf(random, from), random.pick([0, 0.02, 0.1, 0.4])))
    const made = Translate.expressRequest(from, to, body, "m")
    isWritten(made.body, [...made.dropped, ...made.lost])
  })

  fuzz("keeps what its user says, or names what it loses", 1_500, (random) => {
    const from = random.pick(dialects)
    const to = random.pick(protocols)
    const body = objectOf(mutated(random, requestOf(random, from), random.pick([0, 0.02, 0.1])))
    const list = from === "responses" ? "input" : "messages"
    const said = { role: "user", content: marker }
    const messages = Array.isArray(body[list]) ? body[list] : []
    const made = Translate.expressRequest(from, to, { ...body, [list]: [...messages, said] }, "m")
    assert.include(isWritten(made.body, made.dropped), marker)
  })

  fuzz("names a field that the target does not know", 500, (random) => {
    const from = random.pick(dialects)
    const to = random.pick(protocols.filter((protocol) => protocol !== from))
    const made = Translate.expressRequest(
      from,
      to,
      { ...requestOf(random, from), x_unknown: json(random) ?? 1 },
      "m"
    )
    const isThere = Object.hasOwn(made.body, "x_unknown") || made.dropped.includes("x_unknown")
    assert.isTrue(isThere, `neither passed on nor named: ${made.dropped}`)
  })
})

const textOf = (random: Random.Random): string => random.pick(["a", "ü🙂", marker.repeat(20), 'say "x"\n\\'])

describe("an answer that is nearly right", () => {
  fuzz("is translated without a throw, and so is an error", 2_000, (random) => {
    const from = random.pick(protocols)
    const to = random.pick(dialects)
    const asked: Asked = { path: paths[from], stream: false, tool: random.chance(0.5) }
    const body = mutated(random, JSON.parse(whole(asked, textOf(random))), random.pick([0, 0.05, 0.3]))
    const made = Translate.translateWhole(from, to, objectOf(body), context())
    isWritten(made.body, made.dropped)
    const error = random.pick<unknown>([body, "no", undefined, { error: body }, { error: { message: body } }])
    isWritten(Translate.translateError(from, to, error, random.pick([undefined, 400, 429, 500])), [])
  })

  fuzz("keeps its text", 500, (random) => {
    const from = random.pick(protocols)
    const to = random.pick(dialects)
    const tool = random.chance(0.5)
    const asked: Asked = { path: paths[from], stream: false, tool }
    const made = Translate.translateWhole(from, to, JSON.parse(whole(asked, marker)), context())
    assert.include(isWritten(made.body, made.dropped), marker)
  })
})

const streams = Object.values(samples).filter(
  (sample): sample is string => typeof sample === "string" && sample.includes("data:")
)

describe("a stream that is nearly right", () => {
  fuzz("is translated without a throw and ends once at most", 1_500, (random) => {
    const from = random.pick(protocols)
    const to = random.pick(dialects)
    const asked: Asked = { path: paths[from], stream: true, tool: random.chance(0.5) }
    const spoken = streamed(asked, textOf(random), 1 + random.int(10))
    const text = random.chance(0.3)
      ? random.pick(streams)
      : [...spoken.begin, ...spoken.pieces, ...spoken.end].join("")
    const share = random.pick([0, 0.03, 0.2])
    const events = eventsOf(text).flatMap((event): ReadonlyArray<Translate.SseEvent> => {
      if (random.chance(share))
        return random.pick([[], [event, event], [{ event: undefined, data: JSON.stringify(json(random)) }]])
      if (event.data === undefined || event.data === "[DONE]") return [event]
      return [
        { ...event, data: JSON.stringify(mutated(random, JSON.parse(event.data), share / 4)) ?? "null" }
      ]
    })
    const translator = Translate.makeStreamTranslator(from, to, context())
    const out = [...events.flatMap((event) => translator.event(event)), ...translator.end()]
    isWritten(out, translator.dropped())
    for (const { data } of out) if (data !== "[DONE]") assert.isObject(JSON.parse(data))
    const isLast = ({ data, event }: Translate.OutEvent) =>
      data === "[DONE]" ||
      event === "message_stop" ||
      event === "response.completed" ||
      event === "response.incomplete"
    assert.isAtMost(out.filter(isLast).length, 1)
  })

  fuzz("says all of its text when it is right", 400, (random) => {
    const from = random.pick(protocols)
    const to = random.pick(dialects)
    const tool = random.chance(0.3)
    const said = `${marker} ü🙂 ${"x".repeat(random.int(50))}`
    const { begin, end, pieces } = streamed(
      { path: paths[from], stream: true, tool },
      said,
      1 + random.int(9)
    )
    const translator = Translate.makeStreamTranslator(from, to, context())
    const events = eventsOf([...begin, ...pieces, ...end].join(""))
    const out = [...events.flatMap((event) => translator.event(event)), ...translator.end()]
    const heard = out
      .flatMap(({ data }) => (data === "[DONE]" ? [] : [JSON.parse(data)]))
      .map((item) => {
        const delta = item.choices?.[0]?.delta ?? item.delta
        if (typeof delta === "string") return delta
        return (
          delta?.content ??
          delta?.text ??
          delta?.partial_json ??
          delta?.tool_calls?.[0]?.function?.arguments ??
          ""
        )
      })
      .join("")
    assert.strictEqual(heard, tool ? JSON.stringify({ sealed: said }) : said)
  })
})
