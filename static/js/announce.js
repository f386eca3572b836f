// Repeats a sentence to screen readers: only when it changed, and not more often than every ten seconds.

const PAUSE_MS = 10_000

/** Gives a function that says a sentence. @param {(text: string) => void} say
 *  @param {{ now?: () => number, later?: (run: () => void, ms: number) => any }} [world] */
export function announcer(say, { now = () => performance.now(), later = (run, ms) => setTimeout(run, ms) } = {}) {
  let said = ""
  let saidAtMs = -PAUSE_MS
  /** @type {string | null} */
  let waiting = null

  function speak() {
    if (waiting !== null && waiting !== said) {
      said = waiting
      saidAtMs = now()
      say(said)
    }
    waiting = null
  }

  return (/** @type {string} */ text) => {
    const isFirst = waiting === null
    waiting = text
    const leftMs = saidAtMs + PAUSE_MS - now()
    if (leftMs <= 0) speak()
    else if (isFirst) later(speak, leftMs)
  }
}
