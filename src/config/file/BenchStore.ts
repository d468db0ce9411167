/** Where the bench is kept: in memory, in a file, or in Redis, shared by replicas. */
import * as Redacted from "effect/Redacted"

/** Where the bench is kept. */
export type BenchStore =
  | { readonly _tag: "Memory" }
  | { readonly _tag: "File"; readonly path: string }
  /** The URL may have a password. */
  | { readonly _tag: "Redis"; readonly url: Redacted.Redacted; readonly prefix: string | undefined }

/** In memory; lost when the process ends. */
export const memory: BenchStore = { _tag: "Memory" }

/** Why a text is not a store; `undefined` if it is one. */
export const whyNot = (text: string): string | undefined => {
  if (text === "memory" || /^file:\s*\S/.test(text)) return undefined
  const isRedis = /^rediss?:\/\//.test(text)
  if (isRedis && URL.canParse(text)) return whyNotUrl(new URL(text))
  const why = isRedis ? ` (this is not a URL: ${escape})` : ""
  return `expected "memory", "file:PATH" or "redis://HOST:PORT"${why}`
}

const escape = "write special characters of the user and the password as %XX"

/** A password with a `/` or a `#` ends there, and the rest of it becomes the path. */
const whyNotUrl = ({ hash, password, pathname, username }: URL): string | undefined => {
  try {
    decodeURIComponent(username)
    decodeURIComponent(password)
  } catch {
    return `a % without two hexadecimal digits: ${escape}`
  }
  return /^\/?\d*$/.test(pathname) && hash === ""
    ? undefined
    : `expected only the number of a database after the host: ${escape}`
}

/** Parses a store. `at` makes the path of a file absolute. */
export const parse = (text: string, prefix: string | undefined, at: (path: string) => string): BenchStore => {
  if (text === "memory") return memory
  return text.startsWith("file:")
    ? { _tag: "File", path: at(text.slice("file:".length).trim()) }
    : { _tag: "Redis", url: Redacted.make(text), prefix }
}

/** The store for display: a URL without credentials. */
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
