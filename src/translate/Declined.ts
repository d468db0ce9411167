/** Answers in which the model declined without content. */
import type { Answer, Delta } from "./common/Common.ts"
import { type JsonObject, object, text } from "./common/Json.ts"
import type { Context } from "./protocol/Context.ts"
import { encode } from "./protocol/Encode.ts"
import type { Dialect, Protocol } from "./protocol/Protocol.ts"
import { callers, codecs } from "./Translate.ts"

/** An answer without content in which the model declined, as a body or as events in the caller's protocol. */
export const declined = (
  from: Protocol,
  to: Dialect,
  body: JsonObject,
  context: Context
): { readonly body: JsonObject; readonly events: string } => {
  const ending = codecs[from].readAnswer(body)
  const event = object(body.delta)
  const explanation = ending.explanation ?? text(object(event.stop_details).explanation)
  const { id, model, usage } = ending
  const answer: Answer = { id, model, parts: [], usage, stop: "refusal", explanation }
  const writer = callers[to].streamWriter(context)
  const deltas: ReadonlyArray<Delta> = [
    { type: "start", id, model },
    ...(usage === undefined ? [] : [{ type: "usage", usage } as const]),
    { type: "stop", stop: "refusal", explanation },
    { type: "end" }
  ]
  return {
    body: callers[to].writeAnswer(answer, context),
    events: encode(deltas.flatMap((delta) => writer.write(delta)))
  }
}
