// Keeps "23 min" true: every <time data-as="age"> counts on by itself.

import { age, secondsToNextAge } from "./format.js"
import { writeText } from "./bind.js"

const LONGEST_WAIT_MS = 30_000

/** How long until one of the moments reads differently. @param {number[]} momentsMs @param {number} nowMs */
export function msToNextTick(momentsMs, nowMs) {
  const waits = momentsMs.map((moment) => Math.ceil(secondsToNextAge((nowMs - moment) / 1000) * 1000))
  return Math.min(LONGEST_WAIT_MS, ...waits.map((wait) => Math.max(wait, 250)))
}

/** Start counting. */
export function tickAges() {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  function tick() {
    clearTimeout(timer)
    const nowMs = Date.now()
    const moments = []
    for (const time of document.querySelectorAll("time[data-as=age]")) {
      const moment = Date.parse(time.getAttribute("datetime") ?? "")
      if (Number.isNaN(moment)) continue
      moments.push(moment)
      writeText(time, age((nowMs - moment) / 1000))
    }
    timer = setTimeout(tick, document.hidden ? LONGEST_WAIT_MS : msToNextTick(moments, nowMs))
  }
  document.addEventListener("visibilitychange", tick)
  tick()
}
