/** The status page in a real browser, of a real gateway with a provider that fails and recovers. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Page } from "playwright-core"
import * as Browser from "../../support/browser.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, key, openai, provider, start } from "../../support/gateway.ts"
import * as OneBrowser from "../../support/oneBrowser.ts"

const answer = FaultServer.json(openai.answer)
const overloaded = FaultServer.json(openai.error("server_error", "The server is overloaded"), 503)
const token = "admin-token-0123456789"

const browser = OneBrowser.launch()

/** A gateway, its providers, and a window. */
const running = (
  options: { readonly server?: object; readonly window?: Parameters<typeof Browser.open>[2] } = {}
) =>
  Effect.gen(function* () {
    const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
    a.play(answer)
    b.play(answer)
    const url = yield* start({
      providers: { a: provider("openai", a), b: provider("openai", b) },
      models: { smart: ["a/gpt", "b/small"] },
      policy: { retries: { times: 0 }, cooldown: { transient: { base: "300 millis", max: "300 millis" } } },
      server: { adminToken: token, ...options.server }
    })
    const call = (model = "smart") => ask(`${url}/v1/chat/completions`, { body: chat(model) })
    const opened = yield* Browser.open(yield* browser, url, options.window)
    return { ...opened, a, b, url, call }
  })

const promise = <A>(f: () => Promise<A>) => Effect.promise(f)

/** Waits until a text is on the page. */
const reads = (page: Page, selector: string, text: string | RegExp) =>
  promise(() => page.locator(selector).filter({ hasText: text }).first().waitFor())

const unlockControls = (page: Page, given = token) =>
  promise(async () => {
    await page.click("#control")
    await page.fill("#token", given)
    await page.press("#token", "Enter")
  })

const hasControl = (page: Page) => promise(() => page.locator("body[data-control]").waitFor())

/** Everything in which the page could keep a secret. */
const kept = (page: Page) =>
  promise(() =>
    page.evaluate(() =>
      [
        document.documentElement.outerHTML,
        location.href,
        document.cookie,
        JSON.stringify({ ...localStorage }),
        JSON.stringify({ ...sessionStorage }),
        ...[...document.querySelectorAll("input")].map((input) => input.value)
      ].join("\n")
    )
  )

if (Browser.path === undefined) {
  console.log("the status page is not tested: there is no Chromium here, and CHROMIUM_PATH names none")
}

describe.skipIf(Browser.path === undefined)("the status page", { timeout: 180_000 }, () => {
  it.live("shows that a provider breaks, and that it serves again, as it happens", () =>
    Effect.gen(function* () {
      const { a, call, complaints, page, requests, url } = yield* running()
      yield* reads(page, "#headline", "Both targets are serving")
      yield* reads(page, "#no-decision", "No requests yet")
      yield* reads(page, "#feed", "live")

      yield* ask(`${url}/admin/benches`, { body: { key: "b", reason: "maintenance" }, headers: bearer })
      yield* reads(page, "#headline", "b is benched manually")
      yield* ask(`${url}/admin/benches/b`, { method: "DELETE", headers: bearer })
      yield* reads(page, "#headline", "Both targets are serving")

      a.play(overloaded)
      yield* call()
      yield* reads(page, '[data-key="a/gpt#k1"]', "overloaded")
      yield* reads(page, "#headline", /a (is in cooldown|waits for a probe)/)
      yield* reads(page, "#decisions li", /a\/gpt#k1overloaded→b\/small#k1/)
      yield* reads(page, '[data-key="a/gpt#k1"]', "waits for a probe")

      a.play(answer)
      yield* call()
      yield* reads(page, '[data-key="a/gpt#k1"][data-state="serving"]', "serving")
      yield* reads(page, '[data-key="a/gpt#k1"]', "50 %of 2")
      yield* reads(page, "#headline", "Both targets are serving")
      const bars = yield* promise(() => page.locator('[data-key="a/gpt#k1"] .answered').getAttribute("d"))
      assert.match(String(bars), /^M/)

      assert.deepStrictEqual(complaints, [])
      for (const address of requests)
        assert.isTrue(address.startsWith(url) || address.startsWith("data:"), address)
      for (const secret of [key, "deepest secret"]) assert.notInclude(yield* kept(page), secret)
    })
  )

  it.live("benches and unbenches with the token, by keyboard alone", () =>
    Effect.gen(function* () {
      const { page, requests, url } = yield* running()
      yield* reads(page, "#headline", "serving")
      assert.isFalse(yield* promise(() => page.locator('[data-key="a/gpt#k1"] button').isVisible()))

      yield* unlockControls(page, "wrong")
      yield* reads(page, "#token-wrong", "This is not the admin token")
      yield* promise(async () => {
        await page.fill("#token", token)
        await page.press("#token", "Enter")
      })
      yield* hasControl(page)

      yield* promise(async () => {
        await page.locator('[data-key="a/gpt#k1"] button').focus()
        await page.keyboard.press("Enter")
        await page.locator("#bench-dialog[open]").waitFor()
        await page.locator("#scopes input").first().focus()
        await page.keyboard.press("ArrowDown")
        await page.fill("#bench-reason", "rotating the key")
        await page.keyboard.press("Enter")
      })
      yield* reads(page, "#toast", "a#k1 is benched.")
      yield* reads(
        page,
        '[data-key="a/gpt#k1"][data-state="manual"]',
        /benched manually.*left · rotating the key · because of a#k1/
      )
      const list = yield* ask(`${url}/admin/benches`, { headers: bearer })
      assert.strictEqual(list.at("0.key"), "a#k1")

      yield* promise(async () => {
        await page.locator('[data-bench="a#k1"] button').press("Enter")
        await page.locator("#unbench-dialog[open]").waitFor()
        await page.locator("#unbench-form button[type=submit]").press("Enter")
      })
      yield* reads(page, '[data-key="a/gpt#k1"][data-state="serving"]', "serving")

      const everything = yield* kept(page)
      for (const secret of [key, token]) assert.notInclude(everything, secret)
      for (const address of requests) assert.notInclude(address, token)

      yield* promise(() => page.click("#control"))
      assert.isFalse(yield* promise(() => page.locator('[data-key="a/gpt#k1"] button').isVisible()))
    })
  )

  it.live("has no controls without an admin token, and shows nothing if the status requires one", () =>
    Effect.gen(function* () {
      const open = yield* running({ server: { adminToken: undefined } })
      yield* reads(open.page, "#no-control", "no admin token is configured")
      assert.isFalse(yield* promise(() => open.page.locator("#control").isVisible()))

      const closed = yield* running({ server: { statusPage: "admin" } })
      yield* reads(closed.page, "#token-why", "requires the admin token")
      assert.notInclude(yield* kept(closed.page), "gpt")
      yield* promise(async () => {
        await closed.page.fill("#token", token)
        await closed.page.press("#token", "Enter")
      })
      yield* reads(closed.page, "#headline", "Both targets are serving")
    })
  )

  it.live("shows texts from outside as text, whatever they look like", () =>
    Effect.gen(function* () {
      const { call, complaints, page, url } = yield* running()
      const hostile = '<img src=x onerror="document.title=1">'
      yield* call(`a/${hostile}`)
      yield* ask(`${url}/admin/benches`, {
        body: { key: "b", reason: `<b>${hostile}</b>`, by: "<script>1</script>" },
        headers: bearer
      })
      yield* reads(page, "#decisions", hostile)
      yield* reads(page, '[data-key="b/small#k1"]', `<b>${hostile}</b>`)
      yield* reads(page, '[data-bench="b"]', "<script>1</script>")
      yield* reads(page, "#groups", "not in the config")
      assert.strictEqual(yield* promise(() => page.locator("main img, main b, main script").count()), 0)
      assert.deepStrictEqual(complaints, [])
    })
  )

  it.live("shows that the connection is lost, and never shows old data as current", () =>
    Effect.gen(function* () {
      const lost = yield* Effect.scoped(
        Effect.gen(function* () {
          const server = yield* FaultServer.make
          const { page } = yield* Browser.open(yield* browser, "about:blank")
          yield* Effect.scoped(
            Effect.gen(function* () {
              const url = yield* start({
                providers: { a: provider("openai", server) },
                models: { smart: ["a/gpt"] }
              })
              yield* promise(() => page.goto(url))
              yield* reads(page, "#feed", "live")
            })
          )
          yield* reads(page, "#feed", /connection lost, last update/)
          yield* reads(page, "#headline", "Last known: The only target is serving")
          return yield* promise(() => page.locator("body").getAttribute("data-level"))
        })
      )
      assert.strictEqual(lost, "unknown")
    })
  )

  it.live("fits a phone, names its controls, and can be read in the dark", () =>
    Effect.gen(function* () {
      const { call, page } = yield* running({
        window: { viewport: { width: 360, height: 640 }, colorScheme: "dark" }
      })
      yield* call(`a/${"a-very-long-name".repeat(8)}`)
      yield* reads(page, "#decisions", "a-very-long-name")
      yield* unlockControls(page)
      yield* hasControl(page)
      const seen = yield* promise(() =>
        page.evaluate(() => {
          /** Relative luminance and contrast, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
          const channels = (colour: string) => (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number)
          const luminance = (colour: string) =>
            channels(colour)
              .map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
              .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i]!, 0)
          const isClear = (colour: string) => /, 0\)$|transparent/.test(colour)
          const ground = (node: Element): string => {
            const colour = getComputedStyle(node).backgroundColor
            return !isClear(colour) || node.parentElement === null ? colour : ground(node.parentElement)
          }
          const texts = [...document.querySelectorAll("body *")].filter(
            (node) =>
              node instanceof HTMLElement &&
              node.offsetParent !== null &&
              [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent?.trim() !== "")
          )
          const faint = texts.filter((node) => {
            const [a, b] = [luminance(getComputedStyle(node).color), luminance(ground(node))]
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5
          })
          const nameless = [...document.querySelectorAll("button, input, select")].filter(
            (node) =>
              !node.getAttribute("aria-label") &&
              !node.textContent?.trim() &&
              (node as HTMLInputElement).labels?.length === 0
          )
          return {
            wide: document.documentElement.scrollWidth,
            faint: faint.map((node) => `${node.tagName}.${node.className} ${node.textContent}`),
            nameless: nameless.map((node) => node.outerHTML),
            headings: document.querySelectorAll("h1").length,
            landmarks: ["header", "main", "footer"].filter((name) => document.querySelector(name) === null),
            texts: texts.length
          }
        })
      )
      assert.strictEqual(seen.wide, 360)
      assert.deepStrictEqual(seen.faint, [])
      assert.deepStrictEqual(seen.nameless, [])
      assert.strictEqual(seen.headings, 1)
      assert.deepStrictEqual(seen.landmarks, [])
      assert.isAbove(seen.texts, 20)
    })
  )
})

const bearer = { authorization: `Bearer ${token}` }
