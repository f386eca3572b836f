// Fetches the page anew, as the server renders it, when more changed than numbers: sentences, lists,
// which cards there are. At once for a first change, then with pauses.

import { morph } from "./morph.js"

/** Frames run up to a second ahead of the rows that pages are rendered from. */
const FIRST_DELAY_MS = 1_300
const PAUSE_MS = 5_000
const POINTER_RESTS_MS = 2_000

/** When to fetch next: soon after a first change, not before the pause is over, never under a moving
 *  pointer. @param {{ askedAtMs: number, fetchedAtMs: number, movedAtMs: number, random?: number }} times */
export function fetchAtMs({ askedAtMs, fetchedAtMs, movedAtMs, random = Math.random() }) {
  const paused = fetchedAtMs + PAUSE_MS * (1 + random / 2)
  return Math.max(askedAtMs + FIRST_DELAY_MS, paused, movedAtMs + POINTER_RESTS_MS)
}

/** Gives a function that asks for a refresh of `root`. `isBehind` says whether what was rendered is still
 *  older than what is known; it is asked right after, and then all is fetched once more.
 *  @param {Element} root @param {() => boolean} isBehind */
export function refresher(root, isBehind) {
  let isAsked = false
  let fetchedAtMs = -PAUSE_MS * 2
  let movedAtMs = -POINTER_RESTS_MS
  root.addEventListener("pointermove", () => { movedAtMs = performance.now() })

  /** @param {number} askedAtMs @param {number} random */
  function wait(askedAtMs, random) {
    const leftMs = fetchAtMs({ askedAtMs, fetchedAtMs, movedAtMs, random }) - performance.now()
    if (leftMs > 0) setTimeout(() => wait(askedAtMs, random), leftMs)
    else if (document.hidden) document.addEventListener("visibilitychange", () => wait(askedAtMs, random), { once: true })
    else void run()
  }

  async function run() {
    isAsked = false
    fetchedAtMs = performance.now()
    const fresh = await fetchPage()
    const wanted = fresh?.querySelector(root.localName)
    if (!fresh || !wanted) return
    morph(root, wanted)
    document.title = fresh.title
    if (isBehind()) refresh()
    root.dispatchEvent(new CustomEvent("refreshed"))
  }

  function refresh() {
    if (isAsked) return
    isAsked = true
    wait(performance.now(), Math.random())
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
