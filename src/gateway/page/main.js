/**
 * The status page: it listens to the gateway and draws what it hears.
 *
 * @import { Status } from "../status/Status.ts"
 */
import * as Bench from "./bench.js"
import * as Control from "./control.js"
import { byId, setText } from "./dom.js"
import * as Feed from "./feed.js"
import * as Models from "./models.js"
import * as Overview from "./overview.js"
import { updated } from "./store.js"
import * as Targets from "./targets.js"
import * as Trail from "./trail.js"
import { ago, timeOf } from "./words.js"

/** @type {Status | undefined} */
let status
/** What is wrong with the connection. @type {string | undefined} */
let lost
/** When the gateway was last heard, by this machine's clock, and how far the gateway's is ahead of it. */
let [heardAt, ahead] = [0, 0]
let isDue = false

/** The gateway's time. It stands still while the connection is lost: what is shown then is not now. */
const gatewayNow = () => (lost === undefined ? Date.now() : heardAt) + ahead

const draw = () => {
  isDue = false
  document.body.dataset.feed = lost !== undefined ? "lost" : status === undefined ? "connecting" : "live"
  setText(
    byId("feed"),
    lost === undefined
      ? status === undefined
        ? "connecting"
        : "live"
      : heardAt === 0
        ? lost
        : `${lost}, last update ${ago(Date.now() - heardAt)}`
  )
  if (status === undefined) {
    if (lost !== undefined) setText(byId("headline"), "The gateway cannot be reached")
    return
  }
  const now = gatewayNow()
  const { rows } = status
  const unbench = (/** @type {Status["benches"][number]} */ bench) => Control.unbench(bench, gatewayNow())
  Overview.draw(status, now, lost)
  const actions = { bench: (/** @type {Status["rows"][number]} */ row) => Control.bench(row, rows), unbench }
  Bench.draw(status, now, actions)
  Models.draw(status, now)
  Targets.draw(status, now, actions)
  Trail.draw(status, now)
  setText(
    byId("about"),
    `Gateway up since ${timeOf(status.startedAt, now)}. Times are this machine's (${Intl.DateTimeFormat().resolvedOptions().timeZone}).`
  )
}

/** Draws before the next frame, however much was heard; in a tab that nobody sees soon enough for its title. */
const redraw = () => {
  if (isDue) return
  isDue = true
  if (document.hidden) setTimeout(draw, 250)
  else requestAnimationFrame(draw)
}

/** @param {string} event @param {string} data */
const onEvent = (event, data) => {
  const said = JSON.parse(data)
  heardAt = Date.now()
  ahead = said.at - heardAt
  lost = undefined
  if (event === "status") {
    status = said
    Control.offer(said.control)
  } else if (event === "update" && status !== undefined) status = updated(status, said)
  redraw()
}

Overview.start()
Bench.start(redraw)
Models.start(redraw)
Targets.start(redraw)
Trail.start(redraw, () => status)
Control.start()
// Countdowns go on between updates, and a lost connection gets older.
setInterval(redraw, 1_000)
void Feed.listen({
  onEvent,
  onLost: (trouble) => {
    lost = trouble
    redraw()
  },
  onUnauthorized: () => {
    setText(byId("headline"), "This page wants the admin token")
    Control.offer(true)
    Control.ask("The status of this gateway is for holders of the admin token.")
  },
  token: Control.currentToken
})
