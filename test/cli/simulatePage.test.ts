/** The report of a simulation as a page, in a real browser. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Page as BrowserPage } from "playwright-core"
import * as Page from "../../src/cli/simulate/page/Page.ts"
import * as BuiltIn from "../../src/simulator/scenario/BuiltIn.ts"
import * as Browser from "../support/browser.ts"
import { builtIn, report } from "../support/simulator.ts"

const short = { duration: 240_000, requests: { perSecond: 2 } }

const file = (page: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-failover-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    ),
    (folder) => {
      const path = join(folder, "report.html")
      writeFileSync(path, page)
      return pathToFileURL(path).href
    }
  )

const opened = (page: string, window: Parameters<typeof Browser.open>[2] = {}) =>
  Effect.gen(function* () {
    const url = yield* file(page)
    return { ...(yield* Browser.open(yield* Browser.launch, url, window)), url }
  })

const promise = <A>(f: () => Promise<A>) => Effect.promise(f)

/** Elements that are wider than their window, or empty. */
const flaws = (page: BrowserPage) =>
  promise(() =>
    page.evaluate(() => {
      const wide = document.documentElement.scrollWidth > window.innerWidth ? ["the page is too wide"] : []
      const empty = [...document.querySelectorAll("figure svg")]
        .filter((drawing) => drawing.getBoundingClientRect().height < 50)
        .map(() => "a chart has no height")
      return [...wide, ...empty]
    })
  )

if (Browser.path === undefined) {
  console.log(
    "the page of a simulation is not tested: Chromium is not installed, and CHROMIUM_PATH names none"
  )
}

describe.skipIf(Browser.path === undefined)("the page of a simulation", { timeout: 120_000 }, () => {
  for (const width of [1_280, 390]) {
    it.live(`has the content of the text report, loads nothing, and fits ${width} pixels`, () =>
      Effect.gen(function* () {
        const played = yield* builtIn("brown-out", short)
        const { complaints, page, requests, url } = yield* opened(
          Page.format({ name: "it", report: played }, undefined),
          {
            viewport: { width, height: 800 }
          }
        )
        assert.deepStrictEqual(complaints, [])
        assert.deepStrictEqual(requests, [url])
        assert.deepStrictEqual(yield* flaws(page), [])
        const text = (yield* promise(() => page.locator("main").textContent())) ?? ""
        assert.include(text, `Nothing was lost: all ${played.requests.asked} requests were answered.`)
        assert.include(text, "north: serverError (30 %)")
        for (const { target } of played.targets) assert.include(text, target)
        assert.strictEqual(yield* promise(() => page.locator("figure").count()), 4)
        // Every request is drawn: the bars of each interval add up to its height.
        const hints = yield* promise(() =>
          page.locator("figure").first().locator(".hint title").allTextContents()
        )
        assert.strictEqual(hints.length, played.fine.intervals.length)
        assert.match(hints[0] ?? "", /^0:00 to 0:02: north\/large#main 4$/)
      })
    )
  }

  it.live("is light or dark as the reader prefers, with readable text in both", () =>
    Effect.gen(function* () {
      const played = yield* builtIn("blackout", short)
      const page = Page.format({ name: "it", report: played }, undefined)
      for (const colorScheme of ["light", "dark"] as const) {
        const shown = yield* opened(page, { colorScheme })
        const contrasts = yield* promise(() =>
          shown.page.evaluate(() => {
            const luminance = (colour: string) => {
              const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
                const share = Number(part) / 255
                return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
              })
              return 0.2126 * r + 0.7152 * g + 0.0722 * b
            }
            const groundOf = (element: Element | null): string => {
              if (element === null) return "rgb(255, 255, 255)"
              const { backgroundColor } = getComputedStyle(element)
              return backgroundColor === "rgba(0, 0, 0, 0)"
                ? groundOf(element.parentElement)
                : backgroundColor
            }
            return [
              ...document.querySelectorAll("h1, h2, p, td, th, li, b, .side span, .times span, .legend span")
            ].map((element) => {
              const [a, b] = [luminance(getComputedStyle(element).color), luminance(groundOf(element))]
              return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
            })
          })
        )
        assert.isAbove(contrasts.length, 30)
        assert.isAtLeast(Math.min(...contrasts), 4.5, colorScheme)
      }
    })
  )

  it.live("shows two configs side by side, and names the largest difference", () =>
    Effect.gen(function* () {
      const one = yield* builtIn("blackout", short)
      const other = yield* report(
        { ...BuiltIn.scenarios.blackout!, ...short },
        { ...BuiltIn.config, policy: { whenAllBenched: "wait" } }
      )
      const { complaints, page } = yield* opened(
        Page.format({ name: "a.jsonc", report: one }, { name: "b.jsonc", report: other }),
        { viewport: { width: 1_280, height: 800 } }
      )
      assert.deepStrictEqual(complaints, [])
      assert.deepStrictEqual(yield* flaws(page), [])
      assert.match(
        (yield* promise(() => page.locator(".differs").textContent())) ?? "",
        /^What differs most: with a\.jsonc .* with b\.jsonc /
      )
      assert.deepStrictEqual(yield* promise(() => page.locator("h3").allInnerTexts()), ["a.jsonc", "b.jsonc"])
    })
  )

  it.live("shows names literally, whatever characters they have", () =>
    Effect.gen(function* () {
      const title = `<script>document.title = "taken"</script> & "more"`
      const played = yield* report({ title, duration: 10_000, faults: [] })
      const { complaints, page } = yield* opened(Page.format({ name: "it", report: played }, undefined))
      assert.deepStrictEqual(complaints, [])
      assert.strictEqual(yield* promise(() => page.locator("h1").textContent()), title)
      assert.strictEqual(yield* promise(() => page.title()), title)
    })
  )
})
