// What to do with a message of a cluster, given the last place of its journal that the page knows. Pure.

/** @typedef {{ fence: number, number: number }} Place */

/** The place written FENCE.N, or null. @param {unknown} text @returns {Place | null} */
export function readPlace(text) {
  const match = /^(\d{1,18})\.(\d{1,18})$/.exec(typeof text === "string" ? text : "")
  return match ? { fence: Number(match[1]), number: Number(match[2]) } : null
}

/**
 * "apply": it follows what is known. "card": only the totals are new. "drop": known already.
 * "ask": something is missing in between, ask for it. "renew": it replaces all that was known.
 * @param {{ type: string, place?: string | null, since?: string }} message
 * @param {Place | null} last
 * @returns {"apply" | "card" | "drop" | "ask" | "renew"}
 */
export function judge(message, last) {
  if (message.type === "picture") return "renew"
  const place = readPlace(message.place)
  if (!place || !last) return "drop"
  if (place.fence !== last.fence) return place.fence < last.fence ? "drop" : "ask"
  if (message.type === "heartbeat") return place.number > last.number ? "ask" : "drop"
  if (place.number < last.number) return "drop"
  if (place.number === last.number) return "card"
  const from = message.type === "changes" ? readPlace(message.since) : { fence: place.fence, number: place.number - 1 }
  return from && from.number <= last.number ? "apply" : "ask"
}

/** @param {Place} one @param {Place} other */
export const isBefore = (one, other) =>
  one.fence < other.fence || (one.fence === other.fence && one.number < other.number)
