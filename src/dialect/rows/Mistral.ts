/** Mistral's API, and its models on other servers: their templates have the same rules. */
import type { Row } from "../rules/Row.ts"

const ids = "https://github.com/nearai/ironclaw/issues/1241"
const order = "https://github.com/avante-corp/avante.nvim/issues/2562"
const roles =
  "https://github.com/mistralai/mistral-common/blob/main/src/mistral_common/protocol/instruct/validator.py"
const api =
  "https://github.com/mistralai/client-python/blob/main/src/mistralai/client/models/chatcompletionrequest.py"

/** The rows. */
export const rows: ReadonlyArray<Row> = [
  {
    name: "mistral",
    title: "Mistral",
    kind: "models",
    protocol: "openai",
    match: {
      hosts: ["mistral.ai"],
      providers: ["mistral"],
      models: /^(?:open-)?(?:mistral|mixtral|codestral|devstral|ministral|magistral|pixtral)/
    },
    facts: {
      // `Tool call id was … but must be a-z, A-Z, 0-9, with a length of 9.` (code 3280)
      callIdCharacters: { is: "a-zA-Z0-9", source: ids },
      callIdShortest: { is: 9, source: ids },
      callIdLongest: { is: 9, source: ids },
      // `Unexpected role 'user' after role 'tool'` (code 3230)
      afterToolResult: { is: "assistant", source: order },
      // `Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant`
      prefill: { is: "prefix", source: "https://github.com/huggingface/smolagents/issues/757" },
      // `Unexpected role 'system' after role 'assistant'`
      system: { is: "first", source: roles },
      tokenCap: { is: "max_tokens", source: api },
      // Unknown fields are refused: `Extra inputs are not permitted` (422)
      metadata: { is: false, source: "https://github.com/OpenHands/OpenHands-CLI/issues/83" },
      serviceTier: { is: false, source: api }
    },
    parts: [
      {
        title: "Mistral's own API",
        match: { hosts: ["mistral.ai"], providers: ["mistral"] },
        facts: {
          // 422 with the path `body.stream_options.include_usage`; the last chunk has the usage without it
          streamOptions: { is: false, source: "https://github.com/avante-corp/avante.nvim/issues/2347" },
          cacheKey: { is: true, source: api }
        }
      },
      {
        title: "Models with adjustable reasoning at Mistral's own API",
        match: { hosts: ["mistral.ai"], providers: ["mistral"] },
        only: /^mistral-(?:small-(?:latest|26\d\d|[4-9])|medium-3[.-]5)/,
        facts: {
          efforts: {
            is: ["none", "high"],
            source: "https://docs.mistral.ai/capabilities/reasoning/adjustable"
          }
        }
      },
      {
        title: "Mistral Medium 3.5 by its date, and Magistral Small, at Mistral's own API",
        match: { hosts: ["mistral.ai"], providers: ["mistral"] },
        only: /^(?:mistral-medium-26\d\d|magistral-small-latest)/,
        facts: {
          efforts: { is: ["none", "high"], source: "https://github.com/anomalyco/models.dev/pull/1986" }
        }
      },
      {
        title: "The newest Mistral Medium at Mistral's own API",
        match: { hosts: ["mistral.ai"], providers: ["mistral"] },
        only: /^mistral-medium-latest/,
        facts: {
          efforts: { is: ["none", "high"], source: "https://github.com/withceleste/celeste-python/pull/311" }
        }
      },
      {
        title: "Mistral Large 4 at Mistral's own API",
        match: { hosts: ["mistral.ai"], providers: ["mistral"] },
        only: /^mistral-large-4/,
        facts: {
          efforts: {
            is: ["low", "medium", "high"],
            source: "https://docs.mistral.ai/inference/conversations/reasoning"
          }
        }
      }
    ]
  }
]
