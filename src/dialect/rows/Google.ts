/** Gemini behind OpenAI's protocol. */
import type { Row } from "../rules/Row.ts"

const compatible = "https://ai.google.dev/gemini-api/docs/openai"
const signatures = "https://ai.google.dev/gemini-api/docs/thought-signatures#openai"

/** The rows. */
export const rows: ReadonlyArray<Row> = [
  {
    name: "gemini",
    title: "Gemini (its OpenAI endpoint)",
    kind: "models",
    protocol: "openai",
    match: {
      hosts: ["generativelanguage.googleapis.com", "aiplatform.googleapis.com"],
      providers: ["gemini", "google", "vertex"],
      models: /^gemini/
    },
    facts: {
      callExtras: { is: ["extra_content"], source: signatures },
      parallelToolCalls: { is: false, source: compatible },
      metadata: { is: false, source: compatible },
      serviceTier: { is: false, source: compatible },
      strict: { is: false, source: compatible },
      schemaRefused: {
        is: [
          "$schema",
          "$id",
          "patternProperties",
          "propertyNames",
          "exclusiveMinimum",
          "exclusiveMaximum",
          "const"
        ],
        source: "https://ai.google.dev/api/caching#Schema"
      }
    }
  }
]
