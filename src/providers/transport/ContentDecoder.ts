/**
 * Decodes the body of an answer that is encoded although the request asked for `identity`: some servers and the proxies in
 * front of them compress whatever they send. A body in UTF-16 becomes one in UTF-8.
 *
 * It decodes as much as is read, so a small body that becomes a large one costs no more than a large one does: the limits of
 * answers and events hold for the decoded bytes.
 */
import type { Transform } from "node:stream"
import * as zlib from "node:zlib"
import * as Utf16 from "./Utf16.ts"

// An answer that is complete for its protocol may lack the last bytes of its encoding.
const lenient = { finishFlush: zlib.constants.Z_SYNC_FLUSH }
const lenientBrotli = { finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH }

/**
 * A decoder for a body that begins with these bytes; `undefined` if there is none for the encoding, or if the bytes are not
 * encoded: the header is often wrong. Without a header the encoding is empty, and the bytes decide: some proxies remove it and
 * leave the body as it is.
 */
export const make = (encoding: string, first: Uint8Array): Transform | undefined => {
  const name = encoding === "" ? "" : nameOf(encoding)
  if (name === "") return isGzip(first) ? zlib.createGunzip(lenient) : (zstd(first) ?? Utf16.decoder(first))
  if (isText(first)) return undefined
  switch (name) {
    case "gzip":
    case "x-gzip":
      return first[0] === 0x1f ? zlib.createGunzip(lenient) : Utf16.decoder(first)
    case "deflate":
      // Some servers leave out the header of zlib: https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1.2
      return (first[0]! & 0x0f) === 8 ? zlib.createInflate(lenient) : zlib.createInflateRaw(lenient)
    case "br":
      return zlib.createBrotliDecompress(lenientBrotli)
    case "zstd":
      return zstd(first) ?? Utf16.decoder(first)
    default:
      return undefined
  }
}

/** The encodings without those that change nothing. */
const nameOf = (encoding: string): string =>
  encoding
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => !changesNothing.has(name))
    .join()

const changesNothing = new Set(["", "identity", "aws-chunked", "none", "utf-8"])

const isGzip = ([one, two = 0x8b]: Uint8Array): boolean => one === 0x1f && two === 0x8b

const zstd = ([one, two, three = 0x2f]: Uint8Array): Transform | undefined =>
  one === 0x28 && two === 0xb5 && three === 0x2f ? zlib.createZstdDecompress() : undefined

/**
 * Whether the bytes begin as JSON, events or a page do. A body in Brotli may begin with `[` and any character, so more than the first
 * two count.
 */
const isText = (bytes: Uint8Array): boolean => {
  try {
    const begin = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, 32), { stream: true })
    return isBegin.test(begin)
  } catch {
    return false
  }
}

/** A byte order mark is not part of the text. */
const isBegin = /^[\s{["<:deir][\s!-~](?:\P{Cc}|\s)*$/u
