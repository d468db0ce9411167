/** The form of an answer. One in another form than the expected one shows that `protocol` is configured wrongly. */
import { isFull, isObject } from "../wire/Wire.ts"

/** The known forms. `candidates` is that of Gemini's own protocol. */
export type Form = "chat/completions" | "messages" | "responses" | "candidates"

const events = /^(?:message_(?:start|delta|stop)|content_block_(?:start|delta|stop))$/

/** The form of a whole answer or of one event of a stream; `undefined` if it is not known. */
export const formOf = (json: unknown): Form | undefined => {
  if (!isObject(json)) return undefined
  if (isFull(json.choices)) return "chat/completions"
  if (isFull(json.candidates)) return "candidates"
  const type = typeof json.type === "string" ? json.type : ""
  if (json.object === "response" || type.startsWith("response.")) return "responses"
  return events.test(type) || (type === "message" && Array.isArray(json.content)) ? "messages" : undefined
}

/** The members of a cut JSON object up to the first one that is a list or an object; of that one, the name and that it holds something. */
export const beginningOf = (json: string): unknown => {
  const [, members = "", name = ""] = /^\s*\{([^{}[\]]*?),?\s*"(\w+)"\s*:\s*[{[]/.exec(json) ?? []
  try {
    return name === "" ? undefined : { ...JSON.parse(`{${members}}`), [name]: [members] }
  } catch {
    return undefined
  }
}

/** Whether an event shows that its stream is in another form than the called one. */
export const isOther = (json: unknown, called: Form): boolean => {
  const form = formOf(json)
  return form !== undefined && form !== called
}

const names: Readonly<Record<Form, string>> = {
  "chat/completions": "a chat completion of OpenAI's protocol",
  messages: "a message of Anthropic's protocol",
  responses: "a response of OpenAI's protocol",
  candidates: "one of Gemini's own protocol"
}

const isForm = (path: string): path is Form => Object.hasOwn(names, path)

/** What to change in the config, so that answers of this form are expected. */
const remedy = (came: Form, expected: Form, provider: string): string => {
  if (came === "candidates") {
    const more = expected === "messages" ? ', and protocol: "openai"' : ""
    return `set the OpenAI-compatible baseUrl of the provider ${provider}${more}`
  }
  if (came === "messages") return `set protocol: "anthropic" for the provider ${provider}`
  if (expected === "messages") return `set protocol: "openai" for the provider ${provider}`
  return expected === "responses"
    ? `set responses: false for the provider ${provider}`
    : `check baseUrl of the provider ${provider}`
}

/**
 * The message about an answer in another form than that of the called operation, with what to change in the config; `undefined`
 * if it is in no other form that is known.
 */
export const mismatch = (json: unknown, operation: string, provider: string): string | undefined => {
  const came = isForm(operation) ? formOf(json) : undefined
  if (came === undefined || !isForm(operation) || came === operation) return undefined
  return `the answer is ${names[came]}, and ${names[operation]} was expected: ${remedy(came, operation, provider)}`
}

/**
 * The message about a page of HTML in place of an answer: a login, a proxy, or the start page of an application. `undefined` for
 * any other text.
 */
export const pageInstead = (text: string, provider: string): string | undefined =>
  /^\s*<(?:!doctype html|html)\b/i.test(text)
    ? `the answer is a page of HTML: check baseUrl of the provider ${provider}, and what answers there`
    : undefined
