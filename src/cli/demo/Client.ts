/** The caller of the tour: the official `openai` client if it is installed, or plain `fetch`. */
import * as Effect from "effect/Effect"

/** The outcome of one request, for its caller. */
export interface Outcome {
  readonly status: number
  /** The text of the answer, or the error that was thrown. */
  readonly text: string
  readonly headers: Headers
}

/** A client. */
export interface Client {
  /** `the official openai client` */
  readonly name: string
  readonly ask: (model: string, stream: boolean) => Effect.Effect<Outcome>
}

const prompt = "Which model answers if the first one fails?"

/** A client for a gateway. It makes no retries, so it shows what the gateway did. */
export const make = (url: string): Effect.Effect<Client> =>
  Effect.promise(() =>
    import("openai").then(
      (module) => official(module, url),
      () => plain(url)
    )
  )

const official = ({ APIError, OpenAI }: typeof import("openai"), url: string): Client => {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0, logLevel: "off" })
  const body = (model: string) => ({ model, messages: [{ role: "user" as const, content: prompt }] })
  const whole = async (model: string): Promise<Outcome> => {
    const { data, response } = await client.chat.completions.create(body(model)).withResponse()
    const text = data.choices[0]?.message.content ?? ""
    return { status: response.status, text, headers: response.headers }
  }
  const streamed = async (model: string): Promise<Outcome> => {
    const asked = client.chat.completions.create({ ...body(model), stream: true })
    const { data, response } = await asked.withResponse()
    let text = ""
    for await (const chunk of data) text += chunk.choices[0]?.delta.content ?? ""
    return { status: response.status, text, headers: response.headers }
  }
  return {
    name: "the official openai client",
    ask: (model, stream) =>
      Effect.promise(() =>
        (stream ? streamed(model) : whole(model)).catch((error: unknown): Outcome => {
          if (!(error instanceof APIError) || error.headers === undefined) throw error
          return {
            status: error.status ?? 0,
            text: `${error.constructor.name}: ${error.message}`,
            headers: error.headers
          }
        })
      )
  }
}

/** A client without dependencies. */
export const plain = (url: string): Client => ({
  name: "fetch (the openai client is a development dependency, and not installed here)",
  ask: (model, stream) =>
    Effect.promise(async () => {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model, stream, messages: [{ role: "user", content: prompt }] })
      })
      return { status: response.status, text: textOf(await response.text()), headers: response.headers }
    })
})

/** The text of an answer, a stream or an error; enough for a tour. */
const textOf = (body: string): string => {
  const jsons = body.startsWith("data:")
    ? body.split("\n").flatMap((line) => (/^data: \{/.test(line) ? [line.slice("data: ".length)] : []))
    : [body]
  return jsons
    .map((json) => {
      const { choices, error } = JSON.parse(json)
      return error?.message ?? choices?.[0]?.message?.content ?? choices?.[0]?.delta?.content ?? ""
    })
    .join("")
}
