// Fetches the page anew, as the server renders it, when more changed than numbers: sentences, lists,
// which cards there are. At once for a first change, then with pauses.

import { morph } from "./morph.js"

/** Frames run up to a second ahead of the rows that pages are rendered from. */
const FIRST_DELAY_MS = 1_300
const SHORTEST_PAUSE_MS = 5_000
const LONGEST_PAUSE_MS = 60_000
const PAUSE_FOR_EACH_MS = 50
const POINTER_RESTS_MS = 2_000
/** A page that stays behind for another reason must not ask for ever. */
const TRIES_WHEN_BEHIND = 3

/** The pause after a fetch that took so long: a portal that answers slowly is asked seldom.
 *  @param {number} tookMs @param {number} random */
export function pauseMs(tookMs, random = Math.random()) {
  const wanted = Math.min(Math.max(tookMs * PAUSE_FOR_EACH_MS, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS)
  return wanted * (1 + random / 2)
}

/** When to fetch next: soon after a first change, not before the pause is over, never under a moving
 *  pointer. @param {{ askedAtMs: number, pausedUntilMs: number, movedAtMs: number }} times */
export function fetchAtMs({ askedAtMs, pausedUntilMs, movedAtMs }) {
  return Math.max(askedAtMs + FIRST_DELAY_MS, pausedUntilMs, movedAtMs + POINTER_RESTS_MS)
}

/** Gives a function that asks for a refresh of `root`. `isBehind` says whether what was rendered is still
 *  older than what is known; it is asked right after, and then all is fetched once more.
 *  @param {Element} root @param {() => boolean} isBehind */
export function refresher(root, isBehind) {
  let isAsked = false
  let pausedUntilMs = 0
  let behind = 0
  let movedAtMs = -POINTER_RESTS_MS
  root.addEventListener("pointermove", () => { movedAtMs = performance.now() })

  /** @param {number} askedAtMs */
  function wait(askedAtMs) {
    const leftMs = fetchAtMs({ askedAtMs, pausedUntilMs, movedAtMs }) - performance.now()
    if (leftMs > 0) setTimeout(() => wait(askedAtMs), leftMs)
    else if (document.hidden) document.addEventListener("visibilitychange", () => wait(askedAtMs), { once: true })
    else void run()
  }

  async function run() {
    // What changes from now on asks again: this answer may not tell of it.
    isAsked = false
    const beganMs = performance.now()
    pausedUntilMs = beganMs + SHORTEST_PAUSE_MS
    const fresh = await fetchPage()
    const nowMs = performance.now()
    pausedUntilMs = nowMs + pauseMs(nowMs - beganMs)
    const wanted = fresh?.querySelector(root.localName)
    if (!fresh || !wanted) return
    morph(root, wanted)
    document.title = fresh.title
    behind = isBehind() ? behind + 1 : 0
    if (behind > 0 && behind <= TRIES_WHEN_BEHIND) refresh()
    root.dispatchEvent(new CustomEvent("refreshed"))
  }

  function refresh() {
    if (isAsked) return
    isAsked = true
    wait(performance.now())
  }

  return refresh
}

async function fetchPage() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(10_000) })
    if (!answer.ok || answer.redirected) return null
    return new DOMParser().parseFromString(await answer.text(), "text/html")
  } catch {
    return null // The line says that the portal is away; the next change asks again.
  }
}
