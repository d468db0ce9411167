/** Names and values of the attributes of spans. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import type { Target } from "../domain/Target.ts"
import type { RunEnded } from "../events/FailoverEvent.ts"
import { classOf, type Failure } from "../failure/Failure.ts"

/** The most characters of a text from the caller. */
export const maxText = 200

/** The name and the address of a target, computed once. */
export interface TargetAttributes {
  readonly name: string
  readonly address: string | undefined
  readonly port: number | undefined
}

/** The type of a run's error: for a broken stream the class of its failure. */
export const typeOf = (error: RunEnded["error"]): string =>
  error?._tag === "StreamBroken" ? classOf(error.failure) : (error?._tag ?? "Defect")

/** The operation's name in the conventions, if it has one. */
export const operationOf = (operation: string | undefined): string => {
  switch (operation) {
    case undefined:
    case "chat/completions":
    case "messages":
    case "responses":
      return "chat"
    case "completions":
      return "text_completion"
    default:
      return operation
  }
}

/** Records on an attempt's span why it failed, and returns the error type. */
export const describe = (span: Tracer.Span | undefined, failure: Failure): string => {
  const type = classOf(failure)
  span?.attribute("error.type", type)
  if (failure.status !== undefined) span?.attribute("http.response.status_code", failure.status)
  if (failure.evidence !== undefined) {
    span?.attribute("failover.evidence", failure.evidence.slice(0, maxText))
  }
  return type
}

/** Exporters write the message and stack of an error; the provider's text, which may quote a prompt, is left out. */
export const failed = (type: string): Exit.Exit<never, Error> => {
  const error = new Error(type)
  error.name = type
  error.stack = type
  return Exit.failCause(Cause.fail(error))
}

/** The host and port of a target's endpoint. */
export const addressOf = ({ endpoint }: Target): Pick<TargetAttributes, "address" | "port"> => {
  if (!URL.canParse(endpoint)) return nowhere
  const { hostname, port, protocol } = new URL(endpoint)
  if (hostname === "") return nowhere
  return { address: hostname, port: port === "" ? (protocol === "http:" ? 80 : 443) : Number(port) }
}

const nowhere = { address: undefined, port: undefined }
