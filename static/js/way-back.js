// From one object back to the list it was opened from, by Escape, with the focus on its row again.

const KEY = "topmast-way-back"
const FIELDS = "input, select, textarea"

/** @typedef {{ address: string, uid: string }} Way The list, and the object opened from it. */

/** What was kept, read with suspicion. @param {string | null} text @returns {Way | null} */
export function readWay(text) {
  try {
    const { address, uid } = JSON.parse(text ?? "null") ?? {}
    return typeof address === "string" && /^\/(?!\/)/.test(address) && typeof uid === "string" ? { address, uid } : null
  } catch {
    return null
  }
}

/** Whether a way still holds on this page: it is one of the two ends. A third page ends it.
 *  @param {Way | null} way @param {{ address: string, uid: string | undefined }} here */
export const holds = (way, here) => way !== null && (way.address === here.address || way.uid === here.uid)

/** Keep the way from here, and go it. @param {Document} page @param {Storage} store */
export function goBackByEscape(page = document, store = sessionStorage) {
  const shown = /** @type {HTMLElement | null} */ (page.querySelector("live-cluster[data-uid]"))
  const here = { address: location.pathname + location.search, uid: shown?.dataset.uid }
  const kept = readWay(store.getItem(KEY))
  const way = holds(kept, here) ? kept : null
  if (!way) store.removeItem(KEY)

  const back = page.querySelector("a[data-back]")
  if (back instanceof HTMLAnchorElement) leadBack(page, back, way)
  else if (way) focusRow(page, way.uid)
  page.addEventListener("click", (event) => remember(event, here.address, store))
}

/** @param {Document} page @param {HTMLAnchorElement} back @param {Way | null} way */
function leadBack(page, back, way) {
  if (way) back.href = way.address
  page.addEventListener("keydown", (event) => {
    const isFree = !event.defaultPrevented && !event.ctrlKey && !event.altKey && !event.metaKey && !event.isComposing
    const isTyping = event.target instanceof Element && event.target.matches(FIELDS)
    if (event.key === "Escape" && isFree && !isTyping) back.click()
  })
}

/** @param {Document} page @param {string} uid */
function focusRow(page, uid) {
  const link = page.querySelector(`tr[data-uid="${CSS.escape(uid)}"] a[href]`)
  if (link instanceof HTMLElement) link.focus()
}

/** @param {Event} event @param {string} address @param {Storage} store */
function remember(event, address, store) {
  const link = event.target instanceof Element ? event.target.closest("tr[data-uid] a[href]") : null
  const uid = link?.closest("tr")?.dataset.uid
  if (uid) store.setItem(KEY, JSON.stringify({ address, uid }))
}
