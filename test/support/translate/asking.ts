/** Questions and tools that the tests of the official clients share. */

import { betaTool } from "@anthropic-ai/sdk/helpers/beta/json-schema"
import { assert } from "@effect/vitest"

/** A question. */
export const user = (content: string) => [{ role: "user" as const, content }]

/** All items of a stream. */
export const collect = async <A>(stream: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const items: Array<A> = []
  for await (const item of stream) items.push(item)
  return items
}

/** What a promise was rejected with. */
export const rejection = async (promise: PromiseLike<unknown>): Promise<unknown> => {
  let given: unknown
  try {
    given = await promise
  } catch (error) {
    return error
  }
  return assert.fail(`it did not fail: ${JSON.stringify(given)}`)
}

/** The parameters of the tool `weather`. */
export const city = {
  type: "object" as const,
  properties: { city: { type: "string" as const } },
  required: ["city"],
  additionalProperties: false
}

/** The parameters of a tool without parameters. */
export const nothing = { ...city, properties: {}, required: [] }

/** The schema of what the models know of Paris. */
export const weatherSchema = {
  type: "object" as const,
  properties: { city: { type: "string" as const }, degrees: { type: "number" as const } },
  required: ["city", "degrees"],
  additionalProperties: false
}

/** The two tools for the runner of Anthropic's client. `ran` receives their arguments. */
export const anthropicTools = (ran: Array<unknown>) => {
  const tool = (name: string, inputSchema: typeof city | typeof nothing, result: string) =>
    betaTool({
      name,
      description: `The ${name}`,
      inputSchema,
      run: (input) => {
        ran.push(input)
        return result
      }
    })
  return [tool("weather", city, "sunny"), tool("time", nothing, "noon")]
}
