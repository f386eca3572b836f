// Keeps a websocket open and says how it is. Without it the page still shows what was true when it
// was loaded.

const FIRST_DELAY_MS = 1_000
const LONGEST_DELAY_MS = 30_000
const CHECK_EVERY_MS = 500
/** The server gives a sign of life every 2 s; without one for so long the line is lost. */
export const SILENCE_MS = 4_400

/** Close codes after which trying again makes no sense, and what the page is then. */
const FINAL = /** @type {Record<number, LineState>} */ ({ 4401: "signed-out", 4403: "forbidden", 4404: "gone" })
const TOO_MANY = 4429

/** @typedef {"live" | "offline" | "signed-out" | "forbidden" | "gone"} LineState */
/** @typedef {{ state: LineState, attempt: number, heardAtMs: number | null }} LineStatus */

/** How long to wait before attempt 0, 1, 2…: doubling, at most half a minute, and spread out so that
 *  all open pages do not come back in the same second after a restart.
 *  @param {number} attempt @param {() => number} random */
export function reconnectDelayMs(attempt, random = Math.random) {
  const ceiling = Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempt, 16), LONGEST_DELAY_MS)
  return ceiling / 2 + (random() * ceiling) / 2
}

/** The text of the banner over a page that is not live.
 *  @param {LineStatus} status @param {number} nowMs @param {(ms: number) => string} clock
 *  @param {(seconds: number) => string} age */
export function bannerText(status, nowMs, clock, age) {
  if (status.state === "signed-out") return "Not live. You are signed out: sign in again."
  if (status.state === "forbidden") return "Not live. You may not see this."
  if (status.state === "gone") return "Not live. This cluster is no longer there, or you may no longer see it."
  const heard =
    status.heardAtMs === null
      ? ""
      : ` Last update ${clock(status.heardAtMs)}, ${age((nowMs - status.heardAtMs) / 1000)} ago.`
  return `Not live.${heard} Reconnecting, try ${status.attempt}.`
}

/**
 * Follow an address. `onMessage` gets each message, `onStatus` each change of the line.
 * @param {string} url
 * @param {{ onMessage: (message: any) => void, onStatus: (status: LineStatus) => void }} handlers
 * @param {{ Socket?: new (url: string) => WebSocket, now?: () => number, random?: () => number,
 *           later?: (run: () => void, ms: number) => any, cancel?: (timer: any) => void }} [world]
 */
export function follow(url, { onMessage, onStatus }, world = {}) {
  const { Socket = WebSocket, now = Date.now, random = Math.random } = world
  const later = world.later ?? ((run, ms) => setTimeout(run, ms))
  const cancel = world.cancel ?? ((timer) => clearTimeout(timer))
  /** @type {WebSocket | null} */
  let socket = null
  /** @type {any} */
  let timer = null
  /** @type {any} */
  let watch = null
  let openedAtMs = 0
  /** @type {LineStatus} */
  let status = { state: "offline", attempt: 0, heardAtMs: null }

  /** @param {Partial<LineStatus>} news */
  function tell(news) {
    status = { ...status, ...news }
    onStatus(status)
  }

  function open() {
    cancel(timer)
    openedAtMs = now()
    const mine = new Socket(url)
    socket = mine
    mine.onmessage = (event) => mine === socket && hear(event.data)
    mine.onclose = (event) => mine === socket && lose(event.code)
    watch = later(check, CHECK_EVERY_MS)
  }

  /** @param {string} text */
  function hear(text) {
    const message = JSON.parse(text)
    const wasLive = status.state === "live"
    status = { ...status, state: "live", attempt: 0, heardAtMs: now() }
    if (!wasLive) onStatus(status)
    onMessage(message)
  }

  function check() {
    const sinceMs = now() - Math.max(openedAtMs, status.heardAtMs ?? 0)
    const patienceMs = status.state === "live" ? SILENCE_MS : 2 * SILENCE_MS
    if (sinceMs > patienceMs) lose(0)
    else watch = later(check, CHECK_EVERY_MS)
  }

  /** @param {number} code */
  function lose(code) {
    cancel(watch)
    hangUp()
    const final = FINAL[code]
    if (final) return tell({ state: final })
    const attempt = status.attempt + 1
    const delayMs = code === TOO_MANY ? LONGEST_DELAY_MS : reconnectDelayMs(attempt - 1, random)
    timer = later(open, delayMs)
    tell({ state: "offline", attempt })
  }

  function hangUp() {
    const old = socket
    socket = null
    if (old) old.close()
  }

  open()
  return {
    /** Say something to the server, if the line is open. @param {object} message */
    send(message) {
      if (socket && socket.readyState === 1) socket.send(JSON.stringify(message))
    },
    /** Try now, as the network or the tab came back. */
    hurry() {
      if (status.state === "offline" && socket === null) open()
    },
    /** Stop for good. */
    stop() {
      cancel(timer)
      cancel(watch)
      hangUp()
    },
  }
}
