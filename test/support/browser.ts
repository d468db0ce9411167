/** A headless Chromium for tests: the machine's, or the one at `CHROMIUM_PATH`. */
import { existsSync } from "node:fs"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Browser, chromium, type Page } from "playwright-core"

/** Its path, or `undefined` if there is none. */
export const path: string | undefined = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome"
].find((file) => file !== undefined && existsSync(file))

const args = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

/** Starts it with an empty profile. */
export const start = (): Promise<Browser> =>
  chromium.launch({ ...(path !== undefined && { executablePath: path }), args })

/** Starts it with an empty profile. It ends with the scope. */
export const launch: Effect.Effect<Browser, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(start),
  (browser) => Effect.promise(() => browser.close())
)

/** An open page, and what it requested and logged. */
export interface Opened {
  readonly page: Page
  /** The addresses of all its requests. */
  readonly requests: ReadonlyArray<string>
  /** Its errors and warnings. */
  readonly complaints: ReadonlyArray<string>
}

/** Opens an address in a new window. */
export const open = (
  browser: Browser,
  url: string,
  options: Parameters<Browser["newContext"]>[0] = {}
): Effect.Effect<Opened, never, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.acquireRelease(
      Effect.promise(() => browser.newContext(options)),
      (context) => Effect.promise(() => context.close())
    )
    const page = yield* Effect.promise(() => context.newPage())
    page.setDefaultTimeout(8_000)
    const requests: Array<string> = []
    const complaints: Array<string> = []
    page.on("request", (request) => void requests.push(request.url()))
    page.on("pageerror", (error) => void complaints.push(error.message))
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text())
    })
    yield* Effect.promise(() => page.goto(url))
    return { page, requests, complaints }
  })
