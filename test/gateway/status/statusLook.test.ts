/** The status page in a real browser, in every state of a gateway: it is readable and accessible. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Page } from "playwright-core"
import * as Standing from "../../../src/gateway/page/standing.js"
import * as Browser from "../../support/browser.ts"
import * as OneBrowser from "../../support/oneBrowser.ts"
import * as Scenes from "../../support/scenes.ts"
import * as Stage from "../../support/stage.ts"

type Window = Parameters<typeof Browser.open>[2]

const promise = <A>(f: () => Promise<A>) => Effect.promise(f)

const scenes = Object.entries(Scenes.scenes)

const browser = OneBrowser.launch()

/** A moment in the middle of a time step, for pages with a fixed time. */
const midnight = Date.parse("2026-03-02T00:00:05Z")

/** The page with a scene. With `at` its time is fixed. */
const showing = (name: keyof typeof Scenes.scenes, window?: Window, at?: number) =>
  Effect.gen(function* () {
    const stage = yield* Stage.make(Scenes.scenes[name](at ?? Date.now()))
    const { page } = yield* Browser.open(yield* browser, "about:blank", window)
    if (at !== undefined) yield* promise(() => page.clock.setFixedTime(at))
    yield* promise(() => page.goto(stage.url))
    yield* drawn(page)
    return { page, stage }
  })

/** Every scene, one after the other, in a window of this kind, in control. */
const throughAll = <A>(window: Window, look: (page: Page, name: string) => Effect.Effect<A>) =>
  Effect.gen(function* () {
    const { page, stage } = yield* showing("bare", window, midnight)
    yield* takeControl(page)
    for (const [name, scene] of scenes) {
      const status = scene(midnight)
      stage.show(status)
      const { detail, text } = Standing.headline(status, status.at)
      yield* promise(() => page.locator("#headline").filter({ hasText: text }).waitFor())
      yield* promise(() => page.locator("#detail").filter({ hasText: detail }).waitFor())
      yield* settled(page)
      yield* look(page, name)
    }
  })

const drawn = (page: Page) => promise(() => page.locator('[data-feed="live"]').waitFor())

const takeControl = (page: Page) =>
  promise(async () => {
    await page.click("#control")
    await page.fill("#token", "any")
    await page.press("#token", "Enter")
    await page.locator("body[data-control]").waitFor()
  })

/** After two frames everything received is drawn. */
const settled = (page: Page) =>
  promise(() =>
    page.evaluate(
      () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))
    )
  )

/** Elements with too little contrast: text below 4.5 to 1, marks and outlines below 3 to 1 (https://www.w3.org/TR/WCAG22/#contrast-minimum). */
const faint = (page: Page) =>
  promise(() =>
    page.evaluate(() => {
      const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!
      /** Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
      const luminance = (colour: string) => {
        canvas.fillStyle = colour
        canvas.fillRect(0, 0, 1, 1)
        return [...canvas.getImageData(0, 0, 1, 1).data.subarray(0, 3)]
          .map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
          .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i]!, 0)
      }
      const ground = (node: Element): string => {
        const colour = getComputedStyle(node).backgroundColor
        return /, 0\)$|transparent/.test(colour) && node.parentElement !== null
          ? ground(node.parentElement)
          : colour
      }
      const contrast = (colour: string, node: Element) => {
        const [a, b] = [luminance(colour), luminance(ground(node))]
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
      }
      const isSeen = (node: Element) => node.checkVisibility() && node.getBoundingClientRect().width > 0
      const all = [...document.querySelectorAll("body *")].filter(isSeen)
      const texts = all.filter((node) =>
        [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent?.trim() !== "")
      )
      const fields = all.filter((node) => node.matches("input, button, select"))
      const drawings = all.filter((node) => node.matches("path:not(.ground)"))
      const found = [
        ...texts.map((node) => [node, contrast(getComputedStyle(node).color, node), 4.5] as const),
        ...fields.map(
          (node) => [node, contrast(getComputedStyle(node).borderTopColor, node.parentElement!), 3] as const
        ),
        ...drawings.map((node) => [node, contrast(getComputedStyle(node).fill, node), 3] as const)
      ]
      return {
        seen: found.length,
        faint: found
          .filter(([, is, least]) => is < least)
          .map(([node, is]) => `${is.toFixed(2)} ${node.outerHTML.slice(0, 120)}`)
      }
    })
  )

/** The width of the page, and the words that are broken in the middle. A name may continue in the next line at any place. */
const fitOf = (page: Page) =>
  promise(() =>
    page.evaluate(() => {
      const broken: Array<string> = []
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
      const range = document.createRange()
      while (walker.nextNode()) {
        const { currentNode: node } = walker
        const parent = node.parentElement
        if (
          parent === null ||
          !parent.checkVisibility() ||
          parent.closest("bdi, .unseen, svg, thead") !== null
        )
          continue
        for (const { 0: word, index } of (node.textContent ?? "").matchAll(/[a-z]{2,13}/gi)) {
          range.setStart(node, index)
          range.setEnd(node, index + word.length)
          if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1)
            broken.push(word)
        }
      }
      return { wide: document.documentElement.scrollWidth, broken }
    })
  )

/** The findings in a window of this width. */
const atWidth = <A>(page: Page, width: number, look: (page: Page) => Effect.Effect<A>) =>
  Effect.gen(function* () {
    yield* promise(() => page.setViewportSize({ width, height: 740 }))
    yield* settled(page)
    return yield* look(page)
  })

/** States that take more than one line, and how far the header's text is to the right of what is below it. */
const standingOf = (page: Page) =>
  promise(() =>
    page.evaluate(() => {
      const left = (selector: string) => document.querySelector(selector)?.getBoundingClientRect().left ?? 0
      return {
        wrapped: [...document.querySelectorAll(".standing .state, .models .state")]
          .filter((node) => node.getClientRects().length > 0)
          .filter((node) => {
            const range = document.createRange()
            range.selectNodeContents(node)
            const tops = [...range.getClientRects()].map(({ bottom }) => Math.round(bottom / 8))
            return new Set(tops).size > 2 || node.scrollWidth > node.clientWidth + 1
          })
          .map((node) => node.textContent),
        inset: left(".brand") - left(".overview")
      }
    })
  )

describe.skipIf(Browser.path === undefined)("the look of the status page", { timeout: 180_000 }, () => {
  for (const colorScheme of ["light", "dark"] as const) {
    it.live(`has enough contrast wherever there is something to read, ${colorScheme}`, () =>
      throughAll({ viewport: { width: 1440, height: 900 }, colorScheme }, (page, name) =>
        Effect.gen(function* () {
          const { faint: found, seen } = yield* faint(page)
          assert.deepStrictEqual(found, [], name)
          assert.isAbove(seen, 20)
        })
      )
    )
  }

  it.live("keeps each state in one line, and the header in line with what is below it, at every width", () =>
    throughAll({}, (page, name) =>
      Effect.forEach([360, 400, 900, 1300], (width) =>
        Effect.map(atWidth(page, width, standingOf), ({ inset, wrapped }) => {
          assert.deepStrictEqual(wrapped, [], `${name}, ${width} wide`)
          if (width < 840) assert.isAtLeast(inset, 12, `${name}, ${width} wide`)
        })
      )
    )
  )

  it.live("fits every width, and breaks no word to do so", () =>
    throughAll({}, (page, name) =>
      Effect.forEach([360, 400, 720, 1000], (width) =>
        Effect.map(atWidth(page, width, fitOf), ({ broken, wide }) => {
          assert.isAtMost(wide, width, `${name}, ${width} wide`)
          assert.deepStrictEqual(broken, [], `${name}, ${width} wide`)
        })
      )
    )
  )

  it.live("names its charts, its controls and its parts", () =>
    throughAll({}, (page, name) =>
      promise(async () => {
        const nameless = await page.evaluate(() => {
          const label = (node: Element) =>
            node.getAttribute("aria-label") ??
            document.getElementById(node.getAttribute("aria-labelledby") ?? "")?.textContent ??
            (node.querySelector("title, caption") ?? node).textContent
          return [
            ...document.querySelectorAll(
              "svg:not([aria-hidden]), button, input, select, section, table, dialog"
            )
          ]
            .filter((node) => node.checkVisibility() || node.matches("dialog"))
            .filter((node) => !label(node)?.trim() && !(node as HTMLInputElement).labels?.length)
            .map((node) => node.outerHTML.slice(0, 100))
        })
        assert.deepStrictEqual(nameless, [], name)
        const charts = await page.locator('svg[role="img"]').count()
        const told = await page
          .locator('svg[role="img"] > title', { hasText: /answer|attempt|request|median/ })
          .count()
        assert.strictEqual(told, charts, name)
      })
    )
  )

  it.live("can be used with the keyboard, in order, and shows the focus", () =>
    Effect.gen(function* () {
      const { page } = yield* showing("oneBenched")
      yield* takeControl(page)
      const walked = yield* promise(async () => {
        await page.focus(".skip")
        const steps: Array<{ name: string; isShown: boolean; isLater: boolean }> = []
        for (let step = 0; step < 80; step++) {
          await page.evaluate(() => Object.assign(window, { before: document.activeElement }))
          await page.keyboard.press("Tab")
          const at = await page.evaluate(() => {
            const node = document.activeElement
            const { before } = window as unknown as { before: Element }
            if (node === null || node === document.body) return undefined
            const { outlineStyle, outlineWidth } = getComputedStyle(node)
            return {
              name: node.id || node.tagName.toLowerCase(),
              isShown:
                node.matches(":focus-visible") && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
              isLater:
                before === document.body ||
                (before.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING) > 0
            }
          })
          if (at === undefined) break
          steps.push(at)
        }
        return steps
      })
      const names = walked.map(({ name }) => name)
      assert.deepStrictEqual(names.slice(0, 5), ["control", "button", "find", "only-troubled", "button"])
      for (const name of ["trail-troubled", "pause", "summary"]) assert.include(names, name)
      assert.deepStrictEqual(
        walked.filter(({ isLater, isShown }) => !isShown || !isLater),
        []
      )
      assert.isBelow(walked.length, 80, "it comes to an end")
    })
  )

  it.live("closes its dialogs with Escape, and returns the focus", () =>
    Effect.gen(function* () {
      const { page } = yield* showing("byHand")
      /** A dialog closes and returns the focus in a separate task. */
      const focuses = (name: string) =>
        page.waitForFunction((name) => {
          const { activeElement: at } = document
          return (at?.getAttribute("aria-label") ?? at?.id) === name
        }, name)
      yield* promise(async () => {
        await page.focus("#control")
        await page.keyboard.press("Enter")
        await page.locator("#token-dialog[open]").waitFor()
        await focuses("token")
        await page.keyboard.type("half a tok")
        await page.keyboard.press("Escape")
        await page.locator("#token-dialog[open]").waitFor({ state: "detached" })
        await focuses("control")
        // Its content is removed in that task too.
        await page.waitForFunction(() => document.querySelector<HTMLInputElement>("#token")?.value === "")
      })
      yield* takeControl(page)
      yield* promise(async () => {
        for (const [button, dialog] of [
          ["Bench openai/gpt-5.2#primary…", "bench-dialog"],
          ["Unbench groq", "unbench-dialog"]
        ]) {
          await page.focus(`main [aria-label="${button}"]`)
          await page.keyboard.press("Enter")
          await page.locator(`#${dialog}[open]`).waitFor()
          await page.keyboard.press("Escape")
          await page.locator(`#${dialog}[open]`).waitFor({ state: "detached" })
          await focuses(String(button))
        }
      })
    })
  )

  it.live("moves no text while numbers change, and nothing at all with reduced motion", () =>
    Effect.gen(function* () {
      const { page, stage } = yield* showing("oneBenched", {
        viewport: { width: 1440, height: 900 },
        reducedMotion: "reduce"
      })
      const shifts = yield* promise(() =>
        page.evaluate(() => {
          const seen: Array<number> = []
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries())
              seen.push((entry as PerformanceEntry & { value: number }).value)
          }).observe({ type: "layout-shift", buffered: true })
          return Object.assign(window, { shifts: seen }).shifts
        })
      )
      assert.deepStrictEqual(shifts, [])
      for (let round = 1; round <= 5; round++) {
        const { requests, rows } = Scenes.oneBenched(Date.now() - round)
        stage.update({
          at: Date.now(),
          requests: requests.map(([number, answered, failed]) => [number, answered + 1_000 * round, failed]),
          rows: rows.map((row) => ({
            ...row,
            answered: row.answered * 10 ** round,
            p50: 9 ** round,
            p95: 11 ** round
          }))
        })
        yield* settled(page)
      }
      yield* promise(() => page.waitForFunction(() => document.body.textContent.includes("59 s · ") || true))
      const after = yield* promise(() =>
        page.evaluate(() => ({
          shifts: (window as unknown as { shifts: ReadonlyArray<number> }).shifts,
          animations: document.getAnimations().length
        }))
      )
      assert.isBelow(
        after.shifts.reduce((sum, value) => sum + value, 0),
        0.005
      )
      assert.strictEqual(after.animations, 0)
    })
  )

  it.live("touches only what an update is about, among two hundred targets", () =>
    Effect.gen(function* () {
      const { page, stage } = yield* showing("large", {}, midnight)
      yield* promise(() => page.locator(".chart .answered[d^=M]").first().waitFor({ state: "attached" }))
      yield* settled(page)
      const row = Scenes.large(midnight).rows[41]!
      yield* promise(() =>
        page.evaluate(() => {
          const touched = new Set<string>()
          Object.assign(window, { touched })
          new MutationObserver((records) => {
            for (const { target } of records) {
              const node = target instanceof Element ? target : target.parentElement
              touched.add(
                node?.closest("tr")?.getAttribute("data-key") ??
                  node?.closest("section, header, title")?.id ??
                  ""
              )
            }
          }).observe(document.querySelector("#groups")!, {
            subtree: true,
            childList: true,
            attributes: true,
            characterData: true
          })
        })
      )
      stage.update({ at: midnight, rows: [{ ...row, answered: row.answered + 77_000 }] })
      yield* promise(() => page.locator(`[data-key="${row.key}"]`, { hasText: /of 7\d,\d{3}/ }).waitFor())
      const touched = yield* promise(() =>
        page.evaluate(() => [...(window as unknown as { touched: Set<string> }).touched])
      )
      assert.deepStrictEqual(touched, [row.key])
    })
  )
})
