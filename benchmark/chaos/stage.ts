/** Runs the steps of a provider for a request, with as few turns and packets as possible. */
import type * as http from "node:http"
import type { Behaviour, Step } from "../../test/support/FaultServer.ts"

/** Runs the steps. `done` is called once with how they ended, when the answer is over or its client is gone. */
export const play = (
  behaviour: Behaviour,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  done: (at: string) => void
): void => {
  let at = "received"
  let isGone = false
  let timer: NodeJS.Timeout | undefined
  response.on("error", () => {})
  response.on("close", () => {
    isGone = true
    clearTimeout(timer)
    done(response.writableFinished ? "finished" : `left or broken off at "${at}"`)
  })
  const { socket } = request
  const next = (index: number): void => {
    const step = behaviour[index]
    if (isGone || step === undefined) return
    at = Object.keys(step)[0] ?? ""
    const onward = () => next(index + 1)
    if ("head" in step) {
      response.writeHead(step.head, step.headers as http.OutgoingHttpHeaders)
      if (!isAllAtOnce(behaviour)) response.flushHeaders()
      onward()
    } else if ("send" in step) send(step, response, onward)
    else if ("wait" in step) timer = setTimeout(onward, step.wait)
    else if ("reset" in step) socket.resetAndDestroy()
    else if ("cut" in step) socket.end(() => socket.destroy())
    else if ("raw" in step) {
      socket.write(step.raw)
      onward()
    } else if ("end" in step) response.end()
  }
  next(0)
}

/** A head, one text and the end, which are sent in one packet. */
const isAllAtOnce = (behaviour: Behaviour): boolean => {
  const [, text, end] = behaviour
  if (behaviour.length !== 3 || text === undefined || end === undefined) return false
  return "end" in end && "send" in text && (text.by === undefined || text.by >= text.send.length)
}

const send = (
  step: Extract<Step, { readonly send: unknown }>,
  response: http.ServerResponse,
  onward: () => void
): void => {
  if (step.by === undefined || step.by >= step.send.length) {
    response.write(step.send)
    onward()
    return
  }
  const bytes = Buffer.from(step.send)
  const by = step.by
  const write = (from: number) => {
    if (response.destroyed) return
    response.write(bytes.subarray(from, from + by))
    if (from + by < bytes.length) setImmediate(write, from + by)
    else onward()
  }
  write(0)
}
