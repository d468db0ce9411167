/** Decisions as JSON lines: one a line, the oldest first, so that a file of them can be added to. */
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Schema from "effect/Schema"
import type { Decision } from "../../observe/Decisions.ts"
import * as Wire from "./Wire.ts"

const types = ["application/jsonl", "application/x-ndjson"]

/** Whether an `accept` header asks for them. */
export const isWanted = (accept: string | undefined): boolean =>
  accept !== undefined && types.some((type) => accept.toLowerCase().includes(type))

const encode = Schema.encodeUnknownSync(Schema.fromJsonString(Wire.Decision))

/** The answer. `decisions` are the newest first. */
export const response = (decisions: ReadonlyArray<Decision>): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(
    decisions
      .toReversed()
      .map((decision) => `${encode(decision)}\n`)
      .join(""),
    { contentType: "application/jsonl" }
  )
