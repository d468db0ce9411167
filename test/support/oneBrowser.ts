/** One browser for all tests of a file, since a start takes a second. Windows of different tests share nothing. */
import * as Effect from "effect/Effect"
import type { Browser } from "playwright-core"
import { afterAll, beforeAll } from "vitest"
import * as Chromium from "./browser.ts"

/** Starts it before the first test of the file that calls this, and closes it after the last. */
export const launch = (): Effect.Effect<Browser> => {
  let browser: Browser | undefined
  if (Chromium.path !== undefined) {
    beforeAll(async () => {
      browser = await Chromium.start()
    })
    afterAll(() => browser?.close())
  }
  return Effect.sync(() => browser!)
}
