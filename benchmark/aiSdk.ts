/**
 * The fallback wrappers for models of the AI SDK, at the level of the model: `doGenerate` and `doStream`, without the SDK
 * around them.
 */
/** The part of the AI SDK's model interface that is needed here. */
interface Model {
  readonly specificationVersion: "v4"
  readonly provider: string
  readonly modelId: string
  readonly supportedUrls: object
  readonly doGenerate: (request: object) => PromiseLike<object>
  readonly doStream: (request: object) => PromiseLike<{ readonly stream: ReadableStream<object> }>
}

interface Fallback extends Model {
  currentModelIndex: number
}

// Their declarations do not compile with this project's options, so their names are hidden from the compiler.
const names: { readonly [K in "retry" | "fallback"]: string } = { retry: "ai-retry", fallback: "ai-fallback" }
const {
  createRetryable
}: {
  readonly createRetryable: (options: {
    readonly model: Model
    readonly retries: ReadonlyArray<Model>
  }) => Model
} = await import(names.retry)
const {
  createFallback
}: {
  readonly createFallback: (options: { readonly models: ReadonlyArray<Model> }) => Fallback
} = await import(names.fallback)

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: undefined }
}
const finishReason = { unified: "stop", raw: "stop" }

const answer = {
  content: [{ type: "text", text: "answer" }],
  finishReason,
  usage,
  warnings: []
}

const parts: ReadonlyArray<object> = [
  { type: "stream-start", warnings: [] },
  { type: "text-start", id: "1" },
  ...Array.from({ length: 100 }, (_, i) => ({ type: "text-delta", id: "1", delta: `delta ${i}` })),
  { type: "text-end", id: "1" },
  { type: "finish", finishReason, usage }
]

const busy = Object.assign(new Error("busy"), { statusCode: 503 })

const pause = (millis: number) => new Promise<void>((resume) => setTimeout(resume, millis))

/** A model that answers, or fails, at once or after a while. */
const model = (modelId: string, how: { readonly fails: boolean; readonly after: number }): Model => ({
  specificationVersion: "v4",
  provider: "benchmark",
  modelId,
  supportedUrls: {},
  doGenerate: async () => {
    if (how.after > 0) await pause(how.after)
    if (how.fails) throw busy
    return answer
  },
  doStream: async () => {
    let next = 0
    return {
      stream: new ReadableStream<object>({
        pull: (controller) => {
          const part = parts[next++]
          if (part === undefined) controller.close()
          else controller.enqueue(part)
        }
      })
    }
  }
})

const healthy = { fails: false, after: 0 }
const failing = { fails: true, after: 0 }

const retryable = (primary: Model, second: Model): Model =>
  createRetryable({ model: primary, retries: [second] })
const fallback = (primary: Model, second: Model): Fallback => createFallback({ models: [primary, second] })

const request = {
  prompt: [{ role: "user", content: [{ type: "text", text: "a prompt" }] }]
}

const drain = async (one: Model): Promise<void> => {
  const reader = (await one.doStream(request)).stream.getReader()
  while (!(await reader.read()).done);
}

const wrapped = {
  "ai-retry": {
    happy: retryable(model("a", healthy), model("b", healthy)),
    fails: retryable(model("a", failing), model("b", healthy))
  },
  "ai-fallback": {
    happy: fallback(model("a", healthy), model("b", healthy)),
    fails: fallback(model("a", failing), model("b", healthy))
  }
}

/** The cases, by wrapper. */
export const cases = {
  bareStream: () => drain(model("a", healthy)),
  retry: {
    happy: () => wrapped["ai-retry"].happy.doGenerate(request),
    primaryFails: () => wrapped["ai-retry"].fails.doGenerate(request),
    stream: () => drain(wrapped["ai-retry"].happy)
  },
  fallback: {
    happy: () => wrapped["ai-fallback"].happy.doGenerate(request),
    primaryFails: () => {
      // By default it stays at the second model for three minutes. Here every call has to meet the failure.
      wrapped["ai-fallback"].fails.currentModelIndex = 0
      return wrapped["ai-fallback"].fails.doGenerate(request)
    },
    stream: () => drain(wrapped["ai-fallback"].happy)
  }
}

/** One model for many concurrent calls, whose primary is dead. See `lost.ts`. */
export const shared = (times: { readonly dead: number; readonly alive: number }, onDead: () => void) => {
  const dead: Model = {
    ...model("dead", { fails: true, after: times.dead }),
    doGenerate: async () => {
      onDead()
      await pause(times.dead)
      throw busy
    }
  }
  const alive = model("alive", { fails: false, after: times.alive })
  const [one, other] = [retryable(dead, alive), fallback(dead, alive)]
  return { retry: () => one.doGenerate(request), fallback: () => other.doGenerate(request) }
}
