/** The pages that an answer cites: both of OpenAI's protocols can express them, so they are not left out. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  chunk,
  completion,
  dataOf,
  type Json,
  message,
  type Reply,
  stage,
  type Upstream
} from "../../support/kinds.ts"

const [chats, messages, responses] = ["/v1/chat/completions", "/v1/messages", "/v1/responses"] as const
const page = { url: "https://example.org/a", title: "A" }
const bodies: Readonly<Record<string, Json>> = {
  [chats]: { messages: [{ role: "user", content: "hi" }] },
  [messages]: { max_tokens: 10, messages: [{ role: "user", content: "hi" }] },
  [responses]: { input: "hi", store: false }
}

/** A model with a search of its own, such as `gpt-5-search-api` or one with `:online` at OpenRouter. */
const searching: Upstream = {
  protocol: "openai",
  reply: ({ stream }): Reply => {
    const annotations = [{ type: "url_citation", url_citation: { ...page, start_index: 3, end_index: 6 } }]
    return stream
      ? {
          events: [
            chunk({ content: "It " }),
            chunk({ content: "is." }),
            chunk({ annotations }),
            chunk({}, "stop"),
            "[DONE]"
          ]
        }
      : { json: completion({ content: "It is.", annotations }) }
  }
}

const cited = {
  type: "web_search_result_location",
  ...page,
  cited_text: "is",
  encrypted_index: "e"
}
const ofDocument = {
  type: "char_location",
  document_index: 0,
  document_title: "B",
  cited_text: "is",
  start_char_index: 0,
  end_char_index: 2
}

/** Claude, which says the first three characters and cites the rest. */
const claude = (citation: Json): Upstream => ({
  protocol: "anthropic",
  reply: ({ stream }): Reply => {
    if (!stream) {
      const content = [
        { type: "text", text: "It " },
        { type: "text", text: "is.", citations: [citation] }
      ]
      return { json: message(content) }
    }
    const block = (index: number, text: string, citations: ReadonlyArray<Json>) => [
      { type: "content_block_start", index, content_block: { type: "text", text: "" } },
      ...citations.map((each) => ({
        type: "content_block_delta",
        index,
        delta: { type: "citations_delta", citation: each }
      })),
      { type: "content_block_delta", index, delta: { type: "text_delta", text } },
      { type: "content_block_stop", index }
    ]
    return {
      events: [
        { type: "message_start", message: { ...message([]), stop_reason: null } },
        ...block(0, "It ", []),
        ...block(1, "is.", [citation]),
        { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 5 } },
        { type: "message_stop" }
      ]
    }
  }
})

/** The annotations that the client got. */
const annotationsOf = (called: string, stream: boolean, text: string): ReadonlyArray<Json> => {
  if (called === chats)
    return stream
      ? dataOf(text).flatMap(({ choices }) => choices[0]?.delta.annotations ?? [])
      : (JSON.parse(text).choices[0].message.annotations ?? [])
  const { output } = stream
    ? dataOf(text).find(({ type }) => type === "response.completed")!.response
    : JSON.parse(text)
  return output.flatMap(({ content }: Json) => content.flatMap((part: Json) => part.annotations))
}

for (const stream of [false, true]) {
  describe(`the pages that an answer cites${stream ? ", streamed" : ""}`, () => {
    for (const [called, name, upstream] of [
      [responses, "a searching model", searching],
      [responses, "Claude", claude(cited)],
      [chats, "Claude", claude(cited)]
    ] as const) {
      it.live(`come from ${name} to a client of ${called}`, () =>
        Effect.gen(function* () {
          const { post } = yield* stage({ up: upstream })
          const got = yield* post(called, { ...bodies[called], model: "up/m", stream })
          const place = { start_index: 3, end_index: 6 }
          assert.deepStrictEqual(annotationsOf(called, stream, got.text), [
            called === chats
              ? { type: "url_citation", url_citation: { ...place, ...page } }
              : { type: "url_citation", ...place, ...page }
          ])
          assert.notInclude(got.text, "x-failover-dropped")
          assert.isUndefined(got.headers["x-failover-dropped"])
          if (stream && called === responses) {
            const [added] = dataOf(got.text).filter(
              ({ type }) => type === "response.output_text.annotation.added"
            )
            assert.deepInclude(added, { output_index: 0, content_index: 0, annotation_index: 0 })
            assert.strictEqual(added?.annotation.url, page.url)
          }
        })
      )
    }

    it.live("are named where the client's protocol cannot express them, or they have no address", () =>
      Effect.gen(function* () {
        const { post } = yield* stage({ chats: searching, claude: claude(ofDocument) })
        const all = Effect.fnUntraced(function* (called: string, model: string) {
          const got = yield* post(called, { ...bodies[called], model, stream })
          return `${got.headers["x-failover-dropped"]} ${got.text}`
        })
        assert.include(yield* all(messages, "chats/m"), "message.annotations")
        assert.include(yield* all(chats, "claude/m"), "content.citations")
        assert.include(yield* all(responses, "claude/m"), "content.citations")
      })
    )
  })
}
