/** Writes a request of `effect/ai` as the body of a provider's protocol. */
import * as AiError from "effect/ai/AiError"
import * as AnthropicStructuredOutput from "effect/ai/AnthropicStructuredOutput"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as OpenAiStructuredOutput from "effect/ai/OpenAiStructuredOutput"
import * as Tool from "effect/ai/Tool"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { Dialect } from "../../dialect/index.ts"
import type * as Common from "../../translate/common/Common.ts"
import { Dropped } from "../../translate/common/Dropped.ts"
import type { JsonObject } from "../../translate/common/Json.ts"
import * as ToolNames from "../../translate/common/ToolNames.ts"
import * as Fit from "../../translate/fit/Fit.ts"
import type { Restore } from "../../translate/fit/Restore.ts"
import type { Protocol } from "../../translate/protocol/Protocol.ts"
import { codecs } from "../../translate/Translate.ts"
import { fromPrompt, type Turns } from "./Turns.ts"

/**
 * Settings of a request besides the prompt. All are optional; whatever a model does not accept is left out for it.
 */
export interface Settings {
  /** The longest answer, in tokens, including reasoning. */
  readonly maxTokens?: number | undefined
  readonly temperature?: number | undefined
  readonly topP?: number | undefined
  readonly topK?: number | undefined
  readonly stop?: ReadonlyArray<string> | undefined
  /** The reasoning effort; the nearest level that the model supports. */
  readonly effort?: Common.Effort | undefined
  /** The end user of the request, as an opaque id. */
  readonly user?: string | undefined
  /** Extra members of the body for each protocol; they override all others. */
  readonly body?: { readonly [P in Protocol]?: JsonObject | undefined } | undefined
}

/** A request, independent of the model. */
export interface Draft {
  readonly options: LanguageModel.ProviderOptions
  readonly settings: Settings
  readonly turns: Result.Result<Turns, string>
  readonly tools: Result.Result<ReadonlyArray<Common.Tool>, string>
  readonly toolNames: ReadonlyMap<string, string>
}

/** Drafts a request: the model-independent parts are computed once. */
export const make = (options: LanguageModel.ProviderOptions, settings: Settings): Draft => ({
  options,
  settings,
  turns: fromPrompt(options.prompt),
  tools: fromTools(options.tools),
  toolNames: ToolNames.shortened(options.tools.map(({ name }) => name))
})

/** A body, the names of the left-out parts, and what has to be restored in the answer. */
export interface Written {
  readonly body: JsonObject
  readonly dropped: ReadonlyArray<string>
  readonly restore: Restore | undefined
}

/** Writes the body for a model, as its server accepts it; fails if that is impossible. */
export const write = (
  { options, settings, tools, turns }: Draft,
  {
    dialect,
    model,
    protocol
  }: { readonly protocol: Protocol; readonly model: string; readonly dialect: Dialect },
  stream: boolean
): Result.Result<Written, AiError.AiErrorReason> =>
  Result.gen(function* () {
    const conversation = yield* Result.mapError(
      turns,
      (description) => new AiError.InvalidUserInputError({ description })
    )
    const request: Common.Request = {
      model,
      stream,
      ...conversation,
      tools: yield* Result.mapError(
        tools,
        (toolName) =>
          new AiError.ToolConfigurationError({
            toolName,
            description: "a provider-defined tool of another provider"
          })
      ),
      toolChoice: options.tools.length === 0 ? undefined : fromToolChoice(options.toolChoice),
      format:
        options.responseFormat.type === "text"
          ? undefined
          : yield* formatOf(options.responseFormat, protocol),
      settings: fromSettings(settings)
    }
    const codec = codecs[protocol]
    const dropped = new Dropped(codec.names)
    const fitted = Fit.fit(request, dialect, dropped, protocol === "anthropic")
    const body = codec.writeRequest(fitted.request, dropped, dialect)
    const lost = dropped.lostContent
    if (lost.length > 0) {
      const description = `the model cannot be shown ${lost.join(", ")} of the prompt`
      return yield* Result.fail(new AiError.InvalidUserInputError({ description }))
    }
    const own = settings.body?.[protocol]
    return {
      body: own === undefined ? body : { ...body, ...own },
      dropped: dropped.list,
      restore: fitted.restore
    }
  })

const fromSettings = ({ body: _, ...settings }: Settings): Common.Settings =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))

/** Fails with the name of the first provider-defined tool. */
const fromTools = (tools: ReadonlyArray<Tool.Any>): Result.Result<ReadonlyArray<Common.Tool>, string> => {
  const foreign = tools.find(Tool.isProviderDefined)
  if (foreign !== undefined) return Result.fail(foreign.name)
  return Result.succeed(
    tools.map((tool) => ({
      name: tool.name,
      description: Tool.getDescription(tool),
      schema: { ...Tool.getJsonSchema(tool) },
      strict: Tool.getStrictMode(tool)
    }))
  )
}

/** The tools are only those that may be called: `effect/ai` has already applied `oneOf`. */
const fromToolChoice = (choice: LanguageModel.ToolChoice<string>): Common.ToolChoice =>
  typeof choice === "string"
    ? { mode: choice }
    : "tool" in choice
      ? { mode: "tool", name: choice.tool }
      : { mode: choice.mode ?? "auto" }

type JsonFormat = Extract<LanguageModel.ProviderOptions["responseFormat"], { readonly type: "json" }>

const transformers: Readonly<Record<Protocol, LanguageModel.CodecTransformer>> = {
  openai: OpenAiStructuredOutput.toCodecOpenAI,
  anthropic: AnthropicStructuredOutput.toCodecAnthropic
}

const formatOf = (
  { objectName, schema }: JsonFormat,
  protocol: Protocol
): Result.Result<Common.Format, AiError.AiErrorReason> =>
  Result.try({
    try: () => ({
      // https://platform.openai.com/docs/guides/structured-outputs: a-z, A-Z, 0-9, underscores and dashes
      name: objectName.replaceAll(/[^\w-]/g, "_").slice(0, 64),
      schema: { ...transformers[protocol](schema as Schema.Codec<unknown, unknown>).jsonSchema },
      strict: true
    }),
    catch: (error) =>
      new AiError.UnsupportedSchemaError({
        description: error instanceof Error ? error.message : String(error)
      })
  })

/**
 * The codec for structured output. The two protocols restrict schemas differently, but values are encoded the same
 * way, so answers of both can be decoded.
 */
export const codecTransformer: LanguageModel.CodecTransformer = (schema) => {
  try {
    return OpenAiStructuredOutput.toCodecOpenAI(schema)
  } catch {
    return AnthropicStructuredOutput.toCodecAnthropic(schema)
  }
}
