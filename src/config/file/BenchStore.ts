/** Where the bench is kept: with the process, in a file, or in Redis, where replicas share it. */
import * as Redacted from "effect/Redacted"

/** Where the bench is kept. */
export type BenchStore =
  | { readonly _tag: "Memory" }
  | { readonly _tag: "File"; readonly path: string }
  /** A URL of Redis may hold a password. */
  | { readonly _tag: "Redis"; readonly url: Redacted.Redacted; readonly prefix: string | undefined }

/** With the process, and gone with it. */
export const memory: BenchStore = { _tag: "Memory" }

/** Why a text names no place; `undefined` when it does. */
export const whyNot = (text: string): string | undefined => {
  if (text === "memory" || /^file:\s*\S/.test(text)) return undefined
  const isRedis = /^rediss?:\/\//.test(text)
  if (isRedis && URL.canParse(text)) return undefined
  return `expected "memory", "file:PATH" or "redis://HOST:PORT"${isRedis ? " (this is no URL)" : ""}`
}

/** Reads a text that names a place. `at` makes a path of the file absolute. */
export const parse = (text: string, prefix: string | undefined, at: (path: string) => string): BenchStore => {
  if (text === "memory") return memory
  return text.startsWith("file:")
    ? { _tag: "File", path: at(text.slice("file:".length).trim()) }
    : { _tag: "Redis", url: Redacted.make(text), prefix }
}

/** A place for the eyes of people: a URL without what lets somebody in. */
export const format = (store: BenchStore): string => {
  switch (store._tag) {
    case "Memory":
      return "memory"
    case "File":
      return `file:${store.path}`
    case "Redis": {
      const { host, pathname, protocol } = new URL(Redacted.value(store.url))
      return `${protocol}//${host}${pathname}`
    }
  }
}
