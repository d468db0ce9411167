/**
 * Manual benching, with the admin token.
 *
 * The token is kept in a variable of this module and nowhere in the document. If the user asks for it, the
 * tab remembers the token in its session storage.
 *
 * @import { Row, Status } from "../status/Status.ts"
 */
import { keysOf } from "./bench.js"
import { breakable, byId, dialog, el, input, setText } from "./dom.js"
import { plain, timeOf } from "./words.js"

/** @typedef {Status["benches"][number]} Bench */

/** @type {string | undefined} */
let token
let isOffered = false

const remembered = "effect-failover admin token"

/** The admin token, for the feed of a page that requires it. */
export const currentToken = () => token

/** @param {string | undefined} next @param {boolean} keep */
const take = (next, keep) => {
  token = next
  try {
    if (next !== undefined && keep) sessionStorage.setItem(remembered, next)
    else if (next === undefined) sessionStorage.removeItem(remembered)
  } catch {
    // Storage may be disabled; then the user enters the token again.
  }
  show()
  window.dispatchEvent(new Event("token"))
}

const show = () => {
  document.body.toggleAttribute("data-control", token !== undefined)
  const button = byId("control")
  button.hidden = !isOffered
  setText(button, token === undefined ? "Unlock controls" : "Lock controls")
}

/** Shows the button if the gateway has an admin token. @param {boolean} is */
export const offer = (is) => {
  isOffered = is
  byId("no-control").hidden = is
  show()
}

/** @param {string} path @param {string | undefined} [as] @param {RequestInit} [init] */
const call = (path, as = token, init = {}) =>
  fetch(`admin/${path}`, {
    ...init,
    cache: "no-store",
    headers: { ...init.headers, authorization: `Bearer ${as ?? ""}` }
  })

/** The gateway's error message; `undefined` on success. @param {Promise<Response>} answer @returns {Promise<string | undefined>} */
const refusal = async (answer) => {
  try {
    const response = await answer
    if (response.ok) return undefined
    if (response.status === 401) take(undefined, false)
    const body = await response.json().catch(() => undefined)
    return typeof body?.message === "string" ? body.message : `the gateway returns ${response.status}`
  } catch {
    return "the gateway cannot be reached"
  }
}

/** Shows the dialog for the token. @param {string} [why] */
export const ask = (why) => {
  if (why !== undefined) setText(byId("token-why"), why)
  if (!dialog("token-dialog").open) dialog("token-dialog").showModal()
}

/** @param {string} id @param {() => Promise<void>} submit */
const onSubmit = (id, submit) => {
  const form = byId(id)
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    void submit()
  })
}

/** Wires the buttons and the dialogs. */
export const start = () => {
  try {
    token = sessionStorage.getItem(remembered) ?? undefined
  } catch {
    token = undefined
  }
  byId("control").addEventListener("click", () => (token === undefined ? ask() : take(undefined, false)))
  for (const button of document.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => button.closest("dialog")?.close())
  }
  const field = input("token")
  dialog("token-dialog").addEventListener("close", () => {
    field.value = ""
    setText(byId("token-wrong"), "")
  })
  onSubmit("token-form", async () => {
    const given = field.value
    field.value = ""
    const response = await call("benches", given).catch(() => undefined)
    if (response?.ok) {
      take(given, input("token-keep").checked)
      dialog("token-dialog").close()
      return
    }
    setText(
      byId("token-wrong"),
      response === undefined
        ? "The gateway cannot be reached."
        : response.status === 401
          ? "This is not the admin token."
          : `The gateway returns ${response.status}.`
    )
    field.focus()
  })
  onSubmit("bench-form", submitBench)
  onSubmit("unbench-form", async () => {
    dialog("unbench-dialog").close()
    if (toUnbench !== undefined) await remove(toUnbench)
  })
}

/** Shows the dialog that benches a target, or what it belongs to. @param {Row} row @param {ReadonlyArray<Row>} rows */
export const bench = (row, rows) => {
  const keys = keysOf(row)
  const affected = {
    target: 1,
    credential: rows.filter(
      ({ credential, provider }) => provider === row.provider && credential === row.credential
    ).length,
    model: rows.filter(({ model, provider }) => provider === row.provider && model === row.model).length,
    provider: rows.filter(({ provider }) => provider === row.provider).length
  }
  const names = {
    target: "this target only",
    credential: "the credential, all its models",
    model: "the model, all its credentials",
    provider: "the whole provider"
  }
  byId("scopes").replaceChildren(
    ...keys.map(({ key, scope }, index) => {
      const radio = el("input", { type: "radio", name: "scope", value: key, checked: index === 0 })
      const count = affected[scope]
      return el(
        "label",
        { class: "check" },
        radio,
        el(
          "span",
          {},
          el("bdi", { class: "mono" }, ...breakable(key)),
          el("span", { class: "muted small" }, `${names[scope]}${scope === "target" ? "" : ` (${count})`}`)
        )
      )
    })
  )
  setText(byId("bench-wrong"), "")
  input("bench-reason").value = ""
  dialog("bench-dialog").showModal()
}

const submitBench = async () => {
  const chosen = document.querySelector("#scopes input:checked")
  if (!(chosen instanceof HTMLInputElement)) return
  const key = chosen.value
  const duration = input("bench-for").value
  const [reason, by] = [input("bench-reason").value.trim(), input("bench-by").value.trim()]
  const body = JSON.stringify({
    key,
    ...(duration !== "" && { for: duration }),
    ...(reason !== "" && { reason }),
    ...(by !== "" && { by })
  })
  const wrong = await refusal(
    call("benches", token, { method: "POST", body, headers: { "content-type": "application/json" } })
  )
  if (wrong !== undefined) {
    setText(byId("bench-wrong"), wrong)
    return
  }
  dialog("bench-dialog").close()
  showToast(`${plain(key)} is benched.`, () => remove(key))
}

/** @type {string | undefined} */
let toUnbench

/** Unbenches a key; asks first if it was benched manually. @param {Bench} bench @param {number} now */
export const unbench = ({ by, evidence, key, since, status }, now) => {
  if (status !== "manual") return void remove(key)
  toUnbench = key
  const who = by === undefined ? "" : ` by ${plain(by)}`
  setText(
    byId("unbench-what"),
    `${plain(key)} was benched manually${who}${since === undefined ? "" : ` at ${timeOf(since, now)}`}${evidence === undefined ? "." : `: ${plain(evidence)}.`} It gets requests again at once.`
  )
  dialog("unbench-dialog").showModal()
}

/** @param {string} key */
const remove = async (key) => {
  const wrong = await refusal(call(`benches/${encodeURIComponent(key)}`, token, { method: "DELETE" }))
  showToast(wrong === undefined ? `${plain(key)} is unbenched.` : `${plain(key)}: ${wrong}`)
}

let timer = 0

/** @param {string} text @param {(() => Promise<void>) | undefined} [undo] */
const showToast = (text, undo) => {
  const toast = byId("toast")
  clearTimeout(timer)
  toast.replaceChildren(el("span", {}, text))
  if (undo !== undefined) {
    const button = el("button", { type: "button", class: "quiet" }, "Undo")
    button.addEventListener("click", () => {
      toast.replaceChildren()
      void undo()
    })
    toast.append(button)
  }
  timer = window.setTimeout(() => toast.replaceChildren(), 15_000)
}
