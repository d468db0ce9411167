/**
 * Checks a whole answer against the request. It runs inside the attempt, before any tool, while the next model can
 * still be tried.
 *
 * The finish reason is checked first: a refusal in text is a refusal, not an invalid object.
 */
import * as AiError from "effect/ai/AiError"
import type * as Response from "effect/ai/Response"
import type * as Tool from "effect/ai/Tool"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Target } from "../../domain/Target.ts"
import { BadRequest, type Failure } from "../../failure/Failure.ts"
import * as Draft from "./Draft.ts"

type Parts = Array<Response.PartEncoded>

/** An answer with its metadata. */
export interface Judged {
  readonly parts: Parts
  /** Whether the model has refused, in text or by its finish reason. */
  readonly refused: boolean
}

/** The parts of a usable answer. Fails with a failure, or with what this model cannot do. */
export const answer = (
  { options }: Draft.Draft,
  { parts, refused }: Judged,
  target: Target
): Effect.Effect<Parts, Failure | AiError.AiErrorReason> => {
  if (options.responseFormat.type === "json" && !parts.some(isOwnCall)) {
    if (refused) return Effect.fail(refusal(target))
    return Effect.as(object(options.responseFormat.schema, parts), parts)
  }
  return Effect.as(calls({ options }, parts), parts)
}

/** Checks the calls of the application's tools among the parts of an answer or a stream. */
export const calls = (
  { options }: Pick<Draft.Draft, "options">,
  parts: ReadonlyArray<Response.PartEncoded | Response.StreamPartEncoded>
): Effect.Effect<void, AiError.AiErrorReason> =>
  options.toolCallValidation === "deferred"
    ? Effect.void
    : Effect.forEach(parts.filter(isOwnCall), (call) => toolCall(call, options.tools), { discard: true })

const isOwnCall = (
  part: Response.PartEncoded | Response.StreamPartEncoded
): part is Response.ToolCallPartEncoded => part.type === "tool-call" && part.providerExecuted !== true

/** Why a tool of this name cannot be called; `undefined` if it can. */
export const unknownTool = (
  name: string,
  tools: ReadonlyArray<Tool.Any>
): AiError.AiErrorReason | undefined =>
  tools.some((tool) => tool.name === name)
    ? undefined
    : new AiError.ToolNotFoundError({ toolName: name, availableTools: tools.map((tool) => tool.name) })

const refusal = (target: Target): BadRequest =>
  new BadRequest({
    target: target.key,
    reason: "ContentPolicy",
    message: "the model refused to write the object",
    evidence: "finish reason refusal"
  })

const object = (schema: Schema.Top, parts: Parts): Effect.Effect<void, AiError.AiErrorReason> => {
  const text = parts.flatMap((part) => (part.type === "text" ? part.text : [])).join("")
  const { codec } = Draft.codecTransformer(schema as Schema.Codec<unknown, unknown>)
  const isCut = parts.some((part) => part.type === "finish" && part.reason === "length")
  return decoded(Schema.decodeEffect(Schema.fromJsonString(codec))(text), (error) =>
    isCut
      ? new AiError.StructuredOutputError({
          description:
            "the output limit cut the answer before the object was complete (finish reason length)",
          responseText: text
        })
      : AiError.StructuredOutputError.fromSchemaError(error, text)
  )
}

/** A tool configured to return its failures to the model also gets invalid parameters. */
const toolCall = (
  { name, params }: Response.ToolCallPartEncoded,
  tools: ReadonlyArray<Tool.Any>
): Effect.Effect<void, AiError.AiErrorReason> => {
  const tool = tools.find((tool) => tool.name === name)
  const reason = unknownTool(name, tools)
  if (reason !== undefined) return Effect.fail(reason)
  if (tool === undefined || tool.failureMode !== "error" || !Schema.isSchema(tool.parametersSchema)) {
    return Effect.void
  }
  const decode = Schema.decodeUnknownEffect(tool.parametersSchema as Schema.Codec<unknown, unknown>)
  return decoded(
    decode(params),
    (error) => new AiError.ToolParameterValidationError({ toolName: name, description: error.message })
  )
}

/** A schema that dies, or requires a missing service, shows nothing about the model. */
const decoded = (
  decoding: Effect.Effect<unknown, Schema.SchemaError>,
  reasonOf: (error: Schema.SchemaError) => AiError.AiErrorReason
): Effect.Effect<void, AiError.AiErrorReason> =>
  Effect.matchCauseEffect(decoding, {
    onSuccess: () => Effect.void,
    onFailure: (cause) => {
      const error = Cause.findError(cause)
      return Result.isFailure(error) ? Effect.failCause(error.failure) : Effect.fail(reasonOf(error.success))
    }
  })
