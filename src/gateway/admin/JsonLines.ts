/** Decisions as JSON lines: one per line, oldest first, so that they can be appended to a file. */
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Schema from "effect/Schema"
import type { Decision } from "../../observe/Decisions.ts"
import * as Wire from "./Wire.ts"

const types = ["application/jsonl", "application/x-ndjson"]

/** Whether an `accept` header requests JSON lines. */
export const isWanted = (accept: string | undefined): boolean =>
  accept !== undefined && types.some((type) => accept.toLowerCase().includes(type))

const encode = Schema.encodeUnknownSync(Schema.fromJsonString(Wire.Decision))

/** The answer. `decisions` are newest first. */
export const response = (decisions: ReadonlyArray<Decision>): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(
    decisions
      .toReversed()
      .map((decision) => `${encode(decision)}\n`)
      .join(""),
    { contentType: "application/jsonl" }
  )
