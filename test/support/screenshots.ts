/** Takes the screenshots of the status page for the docs: `node test/support/screenshots.ts`. */
import * as Effect from "effect/Effect"
import * as Browser from "./browser.ts"
import * as Scenes from "./scenes.ts"
import * as Stage from "./stage.ts"

/** Three in the morning, so that the screenshots are the same each time. */
const now = Date.parse("2026-03-02T03:12:40Z")

const folder = new URL("../../docs/images/", import.meta.url)

const take = (colorScheme: "light" | "dark") =>
  Effect.gen(function* () {
    const stage = yield* Stage.make(Scenes.oneBenched(now))
    const { page } = yield* Browser.open(yield* Browser.launch, "about:blank", {
      viewport: { width: 1280, height: 720 },
      timezoneId: "UTC",
      reducedMotion: "reduce",
      colorScheme
    })
    yield* Effect.promise(async () => {
      await page.clock.setFixedTime(now)
      await page.goto(stage.url)
      await page.locator("#headline", { hasText: "in cooldown" }).waitFor()
      await page.locator(".chart .answered[d^=M]").last().waitFor({ state: "attached" })
      await page.evaluate(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
      )
      await page.screenshot({ path: new URL(`status-page-${colorScheme}.png`, folder).pathname })
    })
  })

await Effect.runPromise(Effect.scoped(Effect.andThen(take("light"), take("dark"))))
