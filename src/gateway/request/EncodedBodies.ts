/**
 * Decodes request bodies with a `content-encoding`. Codex sends its own in zstd, and some HTTP clients compress what is large.
 *
 * Only small ones are decoded, since a body of some bytes may become one of gigabytes. Decoded bytes count as all other bytes of
 * bodies in flight do.
 */
import type { ServerResponse } from "node:http"
import type { Transform } from "node:stream"
import * as zlib from "node:zlib"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { ByteChunks } from "../../providers/bytes/ByteChunks.ts"
import { type Refusal, make as refuse } from "../http/Refusal.ts"
import { type Bodies, tooLarge as tooLargeFor } from "../server/Bodies.ts"

/** The most bytes of a decoded body. */
export const maxDecoded = 8 * 1024 * 1024

/** A body may become this many times as large, or as large as `unsuspicious`: long conversations repeat themselves. */
const maxRatio = 200
const unsuspicious = 1024 * 1024

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: () => zlib.createGunzip(),
  "x-gzip": () => zlib.createGunzip(),
  deflate: () => zlib.createInflate(),
  br: () => zlib.createBrotliDecompress(),
  zstd: () => zlib.createZstdDecompress()
}

const unsupported = (message: string): Refusal =>
  refuse(415, "unsupported_encoding", message, { headers: { "accept-encoding": "gzip, deflate, br, zstd" } })

const unknown = unsupported(
  "the content-encoding of a body must be one of gzip, deflate, br and zstd, or identity"
)

const tooLarge = unsupported(
  `a body with a content-encoding may have at most ${maxDecoded} bytes when decoded, and at most ${maxRatio} times its encoded bytes above ${unsuspicious}: send it without one`
)

/** How a body is encoded; `undefined` if it is not. */
export const encodingOf = (header: string | undefined): string | undefined => {
  if (header === undefined) return undefined
  const names = header
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity")
  return names.length === 0 ? undefined : names.join()
}

/** The refusal of an encoding that is not known, before the body is read. */
export const check = (encoding: string): Refusal | undefined =>
  Object.hasOwn(decoders, encoding) ? undefined : unknown

/** The decoded body. It counts until the response is closed. */
export const decode = (
  bodies: Bodies,
  bytes: Uint8Array,
  encoding: string,
  response: ServerResponse,
  { maxBytes, maxTotalBytes }: { readonly maxBytes: number; readonly maxTotalBytes: number }
): Effect.Effect<Uint8Array, Refusal> =>
  Effect.callback((resume) => {
    const most = Math.min(maxDecoded, Math.max(unsuspicious, maxRatio * bytes.length))
    const gathered = new ByteChunks()
    const held: Array<() => void> = []
    const decoder = decoders[encoding]!()
    response.on("close", () => {
      // Nothing decoded after it would be released.
      decoder.destroy()
      for (const release of held.splice(0)) release()
    })
    const end = (exit: Exit.Exit<Uint8Array, Refusal>): void => {
      decoder.destroy()
      resume(exit)
    }
    decoder.on("data", (part: Uint8Array) => {
      gathered.push(part)
      const place =
        gathered.size > maxBytes
          ? tooLargeFor(maxBytes)
          : gathered.size > most
            ? tooLarge
            : bodies.hold(part.length, maxTotalBytes)
      if (typeof place === "function") held.push(place)
      else end(Exit.fail(place))
    })
    decoder.on("end", () => end(Exit.succeed(gathered.join())))
    decoder.on("error", () => end(Exit.fail(unsupported(`the body is not in the encoding ${encoding}`))))
    decoder.end(bytes)
    return Effect.sync(() => decoder.destroy())
  })
