/**
 * Moving from `ai-retry` and `ai-fallback`, which wrap models of the AI SDK: the same two models with the same faults
 * through both of them, and through a chain.
 *
 *     npm run build && npm exec -- node examples/ai-sdk/moving.ts
 *
 * The AI SDK itself can stay: point it at the gateway, and nothing of the application changes but the model.
 * `gateway.ts` beside this file does that.
 */
import { APICallError, generateText } from "ai"
import { MockLanguageModelV4 } from "ai/test"
import { createFallback } from "ai-fallback"
import { createRetryableModel } from "ai-retry/language-model"
import { ManagedRuntime } from "effect"
import { Chain, Failover } from "effect-failover"
import { Classifier } from "effect-failover/classifier"
import { Scripted } from "effect-failover/testing"

/** What happens at the primary, and how often each model is called. */
interface Scene {
  readonly status: number
  readonly calls: { primary: number; backup: number }
}

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: undefined }
}
const pause = (millis: number) => new Promise<void>((resume) => setTimeout(resume, millis))

/** The two models, as the AI SDK sees them. The primary fails after 5 ms, the backup answers after 10. */
const modelsOf = ({ calls, status }: Scene) => ({
  primary: new MockLanguageModelV4({
    modelId: "primary",
    doGenerate: async () => {
      calls.primary++
      await pause(5)
      throw new APICallError({
        message: `status ${status}`,
        statusCode: status,
        url: "",
        requestBodyValues: {}
      })
    }
  }),
  backup: new MockLanguageModelV4({
    modelId: "backup",
    doGenerate: async () => {
      calls.backup++
      await pause(10)
      return {
        content: [{ type: "text", text: "an answer" }],
        finishReason: { unified: "stop", raw: "stop" },
        usage,
        warnings: []
      }
    }
  })
})

/** A function that asks them. */
type Ask = (prompt: string) => Promise<string>

const ways: Readonly<Record<string, (scene: Scene) => Ask>> = {
  "ai-retry": (scene) => {
    const { backup, primary } = modelsOf(scene)
    const model = createRetryableModel({ model: primary, retries: [backup] })
    return async (prompt) => (await generateText({ model, prompt, maxRetries: 0 })).text
  },

  "ai-fallback": (scene) => {
    const { backup, primary } = modelsOf(scene)
    const model = createFallback({ models: [primary, backup] })
    return async (prompt) => (await generateText({ model, prompt, maxRetries: 0 })).text
  },

  "a chain": ({ calls, status }) => {
    const primary = Scripted.make("primary", () => {
      calls.primary++
      return [[{ wait: 5 }, Classifier.classify({ status })]]
    })
    const backup = Scripted.make("backup", () => {
      calls.backup++
      return [[{ wait: 10 }, "an answer"]]
    })
    const chain = Chain.make(primary.model("large"), backup.model("small"))
    const runtime = ManagedRuntime.make(Failover.layer())
    return (prompt) => runtime.runPromise(Failover.complete(chain, prompt))
  }
}

const play = async (way: (scene: Scene) => Ask, status: number, times: number, together: boolean) => {
  const scene: Scene = { status, calls: { primary: 0, backup: 0 } }
  const ask = way(scene)
  let answered = 0
  const one = () =>
    ask("hello").then(
      () => void answered++,
      () => undefined
    )
  if (together) await Promise.all(Array.from({ length: times }, one))
  else for (let i = 0; i < times; i++) await one()
  return { answered, ...scene.calls }
}

export const main = async (log: (line: string) => void = console.log) => {
  const rows: Array<{ way: string; trouble: string; answered: number; primary: number; backup: number }> = []
  const troubles = [
    ["a hundred calls at once, the primary's key is dead (401)", 401, 100, true],
    ["three calls one after another, the key is dead (401)", 401, 3, false],
    ["one call that is wrong (400)", 400, 1, false]
  ] as const
  for (const [trouble, status, times, together] of troubles) {
    log(trouble)
    for (const [way, make] of Object.entries(ways)) {
      const { answered, backup, primary } = await play(make, status, times, together)
      log(
        `  ${way}: ${answered} of ${times} answered; ${primary} calls to the primary, ${backup} to the backup`
      )
      rows.push({ way, trouble, answered, primary, backup })
    }
  }
  return rows
}

if (import.meta.main) await main()
