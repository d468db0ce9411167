/** The live status over `fetch`, which unlike `EventSource` can send a token and read error answers. */

/** After this time without a message the connection counts as lost, in milliseconds. The gateway sends one every three seconds. */
const idleTimeout = 9_000

/** The waits between attempts to connect, in milliseconds. */
const waits = [250, 1_000, 2_000, 4_000]

/**
 * @typedef {object} Listener
 * @property {(event: string, data: string) => void} onEvent
 * @property {(trouble: string) => void} onLost what is wrong, in a few words
 * @property {() => void} onUnauthorized the status requires the admin token
 * @property {() => string | undefined} token
 */

/** Listens until the page is closed, and reconnects when the connection is lost. @param {Listener} listener */
export const listen = async (listener) => {
  for (let failures = 0; ; failures++) {
    const abort = new AbortController()
    let timer = 0
    const alive = () => {
      clearTimeout(timer)
      timer = window.setTimeout(() => abort.abort(), idleTimeout)
    }
    try {
      alive()
      const token = listener.token()
      const response = await fetch("status/events", {
        signal: abort.signal,
        cache: "no-store",
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` }
      })
      if (response.status === 401) {
        listener.onUnauthorized()
        clearTimeout(timer)
        await new Promise((resume) => window.addEventListener("token", resume, { once: true }))
        failures = -1
        continue
      }
      if (!response.ok || response.body === null) {
        listener.onLost(
          response.status === 503 ? "too many viewers" : `the gateway returns ${response.status}`
        )
      } else {
        const reader = response.body.getReader()
        const decoder = new TextDecoder()
        let text = ""
        for (;;) {
          const { done, value } = await reader.read()
          if (done) break
          alive()
          failures = 0
          text += decoder.decode(value, { stream: true })
          const events = text.split("\n\n")
          text = events.pop() ?? ""
          for (const event of events) emit(event, listener)
        }
        listener.onLost("connection lost")
      }
    } catch {
      listener.onLost("connection lost")
    }
    clearTimeout(timer)
    const wait = waits[Math.min(failures, waits.length - 1)] ?? 1_000
    await new Promise((resume) => setTimeout(resume, wait))
  }
}

/** @param {string} text @param {Listener} listener */
const emit = (text, listener) => {
  let event = "message"
  let data = ""
  for (const line of text.split("\n")) {
    if (line.startsWith("event: ")) event = line.slice(7)
    else if (line.startsWith("data: ")) data += line.slice(6)
  }
  listener.onEvent(event, data)
}
