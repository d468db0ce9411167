/**
 * The status page: listens to the gateway and draws its status.
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
/** When the last message came, by this machine's clock, and how far the gateway's clock is ahead. */
let [receivedAt, ahead] = [0, 0]
let isDue = false

/** The gateway's time. It stops while the connection is lost, because the data is old then. */
const gatewayNow = () => (lost === undefined ? Date.now() : receivedAt) + ahead

const draw = () => {
  isDue = false
  document.body.dataset.feed = lost !== undefined ? "lost" : status === undefined ? "connecting" : "live"
  setText(
    byId("feed"),
    lost === undefined
      ? status === undefined
        ? "connecting"
        : "live"
      : receivedAt === 0
        ? lost
        : `${lost}, last update ${ago(Date.now() - receivedAt)}`
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

/** Draws once before the next frame; in a hidden tab after 250 ms, for its title. */
const redraw = () => {
  if (isDue) return
  isDue = true
  if (document.hidden) setTimeout(draw, 250)
  else requestAnimationFrame(draw)
}

/** @param {string} event @param {string} data */
const onEvent = (event, data) => {
  const message = JSON.parse(data)
  receivedAt = Date.now()
  ahead = message.at - receivedAt
  lost = undefined
  if (event === "status") {
    status = message
    Control.offer(message.control)
  } else if (event === "update" && status !== undefined) status = updated(status, message)
  redraw()
}

Overview.start()
Bench.start(redraw)
Models.start(redraw)
Targets.start(redraw)
Trail.start(redraw, () => status)
Control.start()
// Countdowns run between updates, and so does the age of a lost connection.
setInterval(redraw, 1_000)
void Feed.listen({
  onEvent,
  onLost: (trouble) => {
    lost = trouble
    redraw()
  },
  onUnauthorized: () => {
    setText(byId("headline"), "This page requires the admin token")
    Control.offer(true)
    Control.ask("The status of this gateway requires the admin token.")
  },
  token: Control.currentToken
})
