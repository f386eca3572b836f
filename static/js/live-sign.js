// Says on the page whether it is live: the mark in the header, and the banner when it is not.

import { age } from "./format.js"
import { bannerText } from "./line.js"
import { writeText } from "./bind.js"

/** @typedef {import("./line.js").LineStatus} LineStatus */

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" })

/** Gives a function that shows a status, and keeps the age in it counting. @param {Document} page */
export function liveSign(page = document) {
  const mark = page.querySelector("[data-part=live]")
  const markText = page.querySelector("[data-part=live-text]")
  const banner = page.querySelector("[data-part=offline]")
  const text = page.querySelector("[data-part=offline-text]")
  /** @type {LineStatus | null} */
  let status = null

  function draw() {
    if (!status) return
    const isLive = status.state === "live"
    mark?.setAttribute("data-state", isLive ? "live" : "offline")
    if (markText) writeText(markText, isLive ? "Live" : "Not live")
    if (banner) banner.toggleAttribute("hidden", isLive)
    if (text && !isLive) writeText(text, bannerText(status, Date.now(), (ms) => clock.format(ms), age))
    page.documentElement.toggleAttribute("data-stale", !isLive)
  }

  setInterval(() => { if (status && status.state !== "live") draw() }, 1_000)
  return (/** @type {LineStatus} */ next) => {
    status = next
    draw()
  }
}
