/** Gemini behind OpenAI's protocol. */
import type { Row } from "../rules/Row.ts"

const signatures = "https://ai.google.dev/gemini-api/docs/thought-signatures"
const unknown = "https://github.com/ed-donner/agents/issues/45"

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
      parallelToolCalls: { is: false, source: "https://github.com/jackmpcollins/magentic/pull/382" },
      // Unknown fields are refused: `Unknown name "metadata": Cannot find field.`
      metadata: { is: false, source: unknown },
      serviceTier: { is: false, source: unknown },
      resultNames: { is: true, source: "https://github.com/NousResearch/hermes-agent/pull/19728" },
      // `Invalid value at 'tools[0].function_declarations[7].parameters.properties[1].value.enum[0]' (TYPE_STRING), 0`
      schemaEnums: { is: "strings", source: "https://github.com/thClaws/thClaws/issues/172" },
      // `parameters.required[0]: property is not defined`
      schemaRequired: { is: "defined", source: "https://github.com/lbjlaq/Antigravity-Manager/issues/187" },
      schemaRefused: {
        is: [
          "$schema",
          "$id",
          // https://github.com/router-for-me/CLIProxyAPI/issues/3512
          "$comment",
          "enumDescriptions",
          "patternProperties",
          "propertyNames",
          "exclusiveMinimum",
          "exclusiveMaximum",
          "const",
          "examples",
          // https://github.com/weave-os/router/pull/65
          "multipleOf",
          // https://github.com/decolua/9router/pull/3018
          "uniqueItems",
          "contains",
          "unevaluatedProperties",
          "unevaluatedItems",
          "contentSchema"
        ],
        source: "https://github.com/AstrBotDevs/AstrBot/issues/7572"
      }
    },
    parts: [
      {
        title: "Gemini since version 2.5, which thinks",
        match: { models: /^gemini/ },
        only: /^gemini-(?:2\.5|[3-9]|flash|pro)/,
        facts: {
          // `Invalid reasoning_effort: minimal. Valid values are: high, low, medium, none`; `none` is for 2.5 Flash only
          efforts: {
            is: ["low", "medium", "high"],
            source:
              "https://discuss.ai.google.dev/t/openai-compat-api-rejects-reasoning-effort-minimal-for-gemini-3-flash/118724"
          }
        }
      },
      {
        title: "Gemini since version 3, at Google",
        match: {
          hosts: ["generativelanguage.googleapis.com", "aiplatform.googleapis.com"],
          providers: ["gemini", "google", "vertex"]
        },
        only: /^gemini-(?:[3-9]|\d\d|flash-l|pro-l)/,
        facts: {
          // `Function call is missing a thought_signature in functionCall parts`
          unsignedCalls: { is: "marked", source: signatures }
        }
      },
      {
        title: "Gemini 2.5 Flash, which can do without thinking",
        match: { models: /^gemini-2\.5-flash/ },
        facts: {
          efforts: {
            is: ["none", "low", "medium", "high"],
            source: "https://github.com/HKUDS/DeepTutor/issues/734"
          }
        }
      },
      {
        title: "Gemini 3 Pro",
        match: { models: /^gemini-3-pro/ },
        // `Thinking level MEDIUM is not supported for this model.`
        facts: {
          efforts: {
            is: ["low", "high"],
            source:
              "https://discuss.ai.google.dev/t/gemini-3-preview-openai-compatible-rejects-reasoning-effort-medium-works-with-low-and-high/112648"
          }
        }
      }
    ]
  }
]
