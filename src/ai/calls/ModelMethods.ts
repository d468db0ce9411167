/**
 * The methods of a language model, for code that passes calls on.
 *
 * `effect/ai` gives them overloads and types that follow each caller's toolkit and schema. Code that passes a call on
 * satisfies these types, because the methods of the models behind it do, but no type can express that here. So the
 * casts are in this file and nowhere else.
 */
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import type * as Tool from "effect/ai/Tool"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type * as ServedBy from "./ServedBy.ts"
import type * as Tools from "./Tools.ts"

/** A whole answer. */
export type Answer = LanguageModel.GenerateTextResponse<Record<string, Tool.Any>, Response.ToolParametersMode>

/** A method that returns a whole answer. */
export type Whole = (options: Tools.CallOptions) => Effect.Effect<Answer, unknown, unknown>

/** The methods of a language model. */
export interface Methods {
  readonly generateText: Whole
  readonly generateObject: Whole
  readonly streamText: (options: Tools.CallOptions) => Stream.Stream<ServedBy.StreamPart, unknown, unknown>
}

/** The methods of a model, for any call. */
export const methodsOf = (model: LanguageModel.LanguageModel): Methods => model as unknown as Methods

/** Methods that pass calls on, with the types for callers. */
export const forCallers = (methods: Methods): Pick<LanguageModel.LanguageModel, keyof Methods> =>
  methods as unknown as LanguageModel.LanguageModel
