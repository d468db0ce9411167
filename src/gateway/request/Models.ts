/** `GET /v1/models`: the models that a request may name, in the format of the client. */
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import type { Own } from "./GatewayAnswer.ts"

/** The lists, and single models. */
export interface Models {
  readonly lists: Readonly<Record<ProtocolName, Own>>
  /**
   * The list for Codex, which reads a catalog of its own format from the same path, and keeps the catalog it has if
   * that one is empty. https://github.com/ding113/claude-code-hub/pull/1342
   */
  readonly codex: Own
  /** A model by its name; `undefined` if there is none of that name. */
  readonly one: (name: string, protocol: ProtocolName) => Own | undefined
}

/** Makes the lists. `startedAt` stands for the creation time of the models, which is not known. */
export const make = (names: ReadonlyArray<string>, startedAt: number): Models => {
  const model = {
    // https://github.com/openai/openai-python/blob/main/src/openai/types/model.py
    openai: (id: string) => ({
      id,
      object: "model",
      created: Math.floor(startedAt / 1000),
      owned_by: "effect-failover"
    }),
    // https://github.com/anthropics/anthropic-sdk-python/blob/main/src/anthropic/types/model_info.py
    anthropic: (id: string) => ({
      type: "model",
      id,
      display_name: id,
      created_at: new Date(startedAt).toISOString()
    })
  }
  const lists = {
    openai: { object: "list", data: names.map(model.openai) },
    anthropic: {
      data: names.map(model.anthropic),
      has_more: false,
      first_id: names[0] ?? null,
      last_id: names.at(-1) ?? null
    }
  }
  const answer = (json: object): Own => ({ contentType: "application/json", body: JSON.stringify(json) })
  const known = new Set(names)
  return {
    lists: { openai: answer(lists.openai), anthropic: answer(lists.anthropic) },
    codex: answer({ ...lists.openai, models: [] }),
    one: (name, protocol) => (known.has(name) ? answer(model[protocol](name)) : undefined)
  }
}
