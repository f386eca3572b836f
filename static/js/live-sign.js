// Says on the page whether it is live: the mark in the header, and a banner when it is not, or when
// nobody reads what the line tells of.

import { announcer } from "./announce.js"
import { age, clock } from "./format.js"
import { bannerText } from "./line.js"
import { writeText } from "./bind.js"

/** @typedef {import("./line.js").LineStatus} LineStatus */

const seconds = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" })

/** What the mark says. Live is only what is both told and read. Pure.
 *  @param {import("./line.js").LineState} line @param {boolean} isReading */
export function markOf(line, isReading) {
  if (line !== "live") return { state: "offline", text: "Not live" }
  return isReading ? { state: "live", text: "Live" } : { state: "unread", text: "Nothing is read" }
}

/** Since when nothing is read, as templates/base.html writes it. Pure.
 *  @param {string | null} seenAt @param {number} nowMs @param {string} zone */
export function unreadText(seenAt, nowMs, zone) {
  if (seenAt === null) return "No worker has started yet."
  return `The last worker was seen at ${clock(seenAt, nowMs, zone)}; numbers are from then.`
}

/** The sign of a page. What the server rendered holds until the line tells otherwise.
 *  @param {Document} page
 *  @param {{ now?: () => number, every?: (run: () => void, ms: number) => any, say?: (text: string) => void }} [world] */
export function liveSign(page = document, world = {}) {
  const { now = Date.now, every = setInterval } = world
  const part = (/** @type {string} */ name) => page.querySelector(`[data-part=${name}]`)
  const unread = part("unread")
  const say = world.say ?? announcer((text) => write("say-live", text))
  let isReading = !unread || unread.hasAttribute("hidden")
  /** @type {LineStatus | null} */
  let status = null

  /** @param {string} name @param {string} text */
  function write(name, text) {
    const place = part(name)
    if (place) writeText(place, text)
  }

  function draw() {
    if (!status) return
    const { state, text } = markOf(status.state, isReading)
    part("live")?.setAttribute("data-state", state)
    write("live-text", text)
    part("offline")?.toggleAttribute("hidden", status.state === "live")
    if (status.state !== "live") write("offline-text", bannerText(status, now(), (ms) => seconds.format(ms), age))
    page.documentElement.toggleAttribute("data-stale", state !== "live")
  }

  every(() => { if (status && status.state !== "live") draw() }, 1_000)
  return {
    /** The line is another. @param {LineStatus} next */
    setLine(next) {
      status = next
      draw()
    },
    /** A message came; a heartbeat tells whether anything is being read. @param {any} message */
    hear(message) {
      if (message.type !== "heartbeat" || typeof message.reading !== "boolean") return
      const since = unreadText(message.worker_seen_at, now(), unread?.getAttribute("data-zone") ?? "UTC")
      if (!message.reading) write("unread-text", since)
      if (message.reading === isReading) return
      isReading = message.reading
      unread?.toggleAttribute("hidden", isReading)
      say(isReading ? "Clusters are being read again." : `Nothing is being read. ${since}`)
      draw()
    },
  }
}
