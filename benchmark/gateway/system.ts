/** What is measured: a way from the caller to the upstream. */
import { fileURLToPath } from "node:url"
import { type Child, start } from "./child.ts"

/** A system that listens. */
export interface System {
  readonly name: string
  /** Where chat completions are posted to. */
  readonly url: string
  /** What its callers send besides the body. */
  readonly headers: Readonly<Record<string, string>>
  readonly child: Child
}

/** Where a system is to listen and to send, and where it may put files. */
export interface Place {
  readonly port: number
  /** `http://127.0.0.1:1234` */
  readonly upstream: string
  readonly folder: string
}

/** The headers that every caller sends; systems of their own keys take this one as theirs. */
export const callerHeaders: Readonly<Record<string, string>> = {
  "content-type": "application/json",
  authorization: "Bearer bench-caller"
}

/** The address of chat completions on a port. */
export const urlOf = (port: number): string => `http://127.0.0.1:${port}/v1/chat/completions`

/** A file of this folder. */
export const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** The upstream itself, called without anything in between. */
export const upstream = async (port: number): Promise<System> => ({
  name: "the upstream directly",
  url: urlOf(port),
  headers: callerHeaders,
  child: await start(process.execPath, [here("upstream.ts"), String(port)], port)
})

/** The least that a proxy in Node can be. */
export const bareNode = async ({ port, upstream }: Place): Promise<System> => ({
  name: "bare Node proxy",
  url: urlOf(port),
  headers: callerHeaders,
  child: await start(process.execPath, [here("bareProxy.ts"), String(port), upstream], port)
})
