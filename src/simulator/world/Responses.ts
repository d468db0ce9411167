/** The responses of a simulated connection: whole answers, streams word by word, refusals, and broken connections. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import {
  type Head,
  type OpenResponse,
  TransportError,
  type WholeResponse
} from "../../providers/transport/Transport.ts"
import type { Act } from "../faults/Faults.ts"
import * as Shapes from "../faults/Shapes.ts"
import type { Queue } from "./Queue.ts"

/** The response to one call. */
export interface Response {
  readonly act: Act
  readonly head: Shapes.Head
  /** The pace of the provider this time: 1 as usual, less is faster. */
  readonly pace: number
  /** The queue in which the call waits for a slot. */
  readonly queue: Queue | undefined
}

/** How long a refusal, or a refused connection, takes in milliseconds. */
const refusal = 80
const unreachable = 5

const words = ["A ", "simulated ", "short ", "answer."]

type Answer = Extract<Act, { readonly _tag: "Answer" }>
type Bytes = Pull.Pull<NonEmptyReadonlyArray<Uint8Array>, TransportError>

/** The whole response. */
export const whole = (response: Response): Effect.Effect<WholeResponse, TransportError> =>
  response.queue === undefined
    ? answered(response)
    : Effect.scoped(Effect.flatMap(response.queue.enter, () => answered(response)))

const answered = ({ act, head, pace }: Response): Effect.Effect<WholeResponse, TransportError> => {
  if (act._tag !== "Answer") return refused(act, pace)
  if (act.hangAfter !== undefined) return Effect.never
  if (act.cutAfter !== undefined) {
    return Effect.delay(Effect.fail(broken(true, "ECONNRESET")), cutAt(act, act.cutAfter))
  }
  const answer = { ...good(json), body: bytes(Shapes.answer(head, words.join(""))) }
  return Effect.delay(Effect.succeed(answer), act.whole)
}

/** The head of the response, and its body. */
export const opened = (response: Response): Effect.Effect<OpenResponse, TransportError, Scope.Scope> =>
  response.queue === undefined ? begun(response) : Effect.flatMap(response.queue.enter, () => begun(response))

const begun = ({ act, head, pace }: Response): Effect.Effect<OpenResponse, TransportError, Scope.Scope> => {
  if (act._tag !== "Answer") {
    return Effect.map(refused(act, pace), ({ body, ...head }) => ({
      ...head,
      pull: once(body),
      finish: () => {}
    }))
  }
  const answer = { ...good(events), pull: spoken(act, head), finish: () => {} }
  return Effect.delay(Effect.succeed(answer), act.firstWord)
}

const json = "application/json"
const events = "text/event-stream"
const good = (contentType: string): Head => ({ status: 200, headers: { "content-type": contentType } })
const bytes = (text: string): Uint8Array => Buffer.from(text)

const broken = (answered: boolean, code: string): TransportError =>
  new TransportError({
    answered,
    tooLarge: false,
    cause: Object.assign(new Error(`simulated ${code}`), { code })
  })

const refused = (act: Exclude<Act, Answer>, pace: number) => {
  switch (act._tag) {
    case "Timeout":
      return Effect.never
    case "Unreachable":
      return Effect.delay(Effect.fail(broken(false, "ECONNREFUSED")), act.after ?? unreachable)
    case "Refuse": {
      const { body, headers, status } = act
      const answer = { status, headers: { "content-type": json, ...headers }, body: bytes(body) }
      return Effect.delay(Effect.succeed(answer), act.after ?? refusal * pace)
    }
  }
}

const once = (body: Uint8Array): Bytes => {
  let isGiven = false
  return Effect.suspend(() => {
    if (isGiven) return Cause.done()
    isGiven = true
    return Effect.succeed([body])
  })
}

const pauseOf = ({ firstWord, whole }: Answer): number => (whole - firstWord) / (words.length - 1)

/** When a whole answer breaks off: at the same time as its stream would. */
const cutAt = (answer: Answer, after: number): number =>
  answer.firstWord + Math.max(0, Math.min(after, words.length) - 1) * pauseOf(answer)

/** The parts of a stream: its start with the first word, the other words, its end. */
const partsOf = (head: Shapes.Head): ReadonlyArray<Uint8Array> =>
  [...words.map((word) => Shapes.delta(head, word)), Shapes.closing(head)].map((text, index) =>
    bytes(index === 0 ? Shapes.opening(head) + text : text)
  )

/** The parts of the latest streams: they are the same for all calls within a second. */
const lastParts = new Map<string, ReadonlyArray<Uint8Array>>()
const mostParts = 64

const remembered = (head: Shapes.Head): ReadonlyArray<Uint8Array> => {
  const key = `${head.protocol} ${head.created} ${head.model}`
  const known = lastParts.get(key)
  if (known !== undefined) return known
  if (lastParts.size >= mostParts) lastParts.clear()
  const parts = partsOf(head)
  lastParts.set(key, parts)
  return parts
}

/** The words of a stream, one after another, and its end; the first one comes with its head. */
const spoken = (answer: Answer, head: Shapes.Head): Bytes => {
  const pause = pauseOf(answer)
  const parts = remembered(head)
  let said = 0
  const next = (index: number): Bytes => {
    if (index === answer.hangAfter) return Effect.never
    if (index === answer.cutAfter) return Effect.fail(broken(true, "ECONNRESET"))
    if (index > words.length) return Cause.done()
    return Effect.succeed([parts[index]!])
  }
  return Effect.suspend(() => {
    const index = said++
    return index === 0 || index >= words.length
      ? next(index)
      : Effect.delay(
          Effect.suspend(() => next(index)),
          pause
        )
  })
}
