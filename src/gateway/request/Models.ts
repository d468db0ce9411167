/** `GET /v1/models`: the models that a request may name, in the format of OpenAI or Anthropic. */
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import type { Own } from "./Reply.ts"

/** Makes the lists. `startedAt` stands for the creation time of the models, which is not known. */
export const make = (
  names: ReadonlyArray<string>,
  startedAt: number
): Readonly<Record<ProtocolName, Own>> => {
  const lists = {
    // https://platform.openai.com/docs/api-reference/models/list
    openai: {
      object: "list",
      data: names.map((id) => ({
        id,
        object: "model",
        created: Math.floor(startedAt / 1000),
        owned_by: "effect-failover"
      }))
    },
    // https://docs.anthropic.com/en/api/models-list
    anthropic: {
      data: names.map((id) => ({
        type: "model",
        id,
        display_name: id,
        created_at: new Date(startedAt).toISOString()
      })),
      has_more: false,
      first_id: names[0] ?? null,
      last_id: names.at(-1) ?? null
    }
  }
  const answer = (list: object): Own => ({ contentType: "application/json", body: JSON.stringify(list) })
  return { openai: answer(lists.openai), anthropic: answer(lists.anthropic) }
}
