// The inbox: J and K move along the list, single letters act on the open alert, Y copies its link. What is new
// is told in a bar and shown when somebody asks for it: nothing moves under the pointer.

import { morph } from "./morph.js"

const LOOK_EVERY_MS = 15_000
const FIELDS = "input, select, textarea"
const COPIED_MS = 2_000

/** The place to move to along a list, or null at its ends. @param {number} at @param {string} key @param {number} length */
export function nextPlace(at, key, length) {
  const to = key === "j" ? at + 1 : at - 1
  return to >= 0 && to < length ? to : null
}

/** Whether a key is for the page and not for a field or the browser. @param {KeyboardEvent} event */
export function isForPage(event) {
  const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.isComposing && !event.defaultPrevented
  return isPlain && !(event.target instanceof Element && event.target.matches(FIELDS))
}

/** How many of the fresh rows are not shown yet. @param {string[]} shown @param {string[]} fresh */
export const newOnes = (shown, fresh) => fresh.filter((address) => !shown.includes(address)).length

/** Start listening. @param {Document} page */
export function startInbox(page = document) {
  page.addEventListener("keydown", (event) => {
    if (!isForPage(event)) return
    const key = event.key.toLowerCase()
    const isMoving = key === "j" || key === "k"
    if (isMoving ? move(page, key) : act(page, key)) event.preventDefault()
  })
  for (const button of page.querySelectorAll("[data-copy-link]")) offerCopy(/** @type {HTMLButtonElement} */ (button))
  tellOfNews(page)
}

/** The addresses of the rows. @param {ParentNode} page */
const addresses = (page) => [...page.querySelectorAll("a.alert")].map((row) => row.getAttribute("href") ?? "")

/** Looks every now and then whether there is anything new, and says so. @param {Document} page */
function tellOfNews(page) {
  const bar = page.querySelector("[data-part=news]")
  const list = page.querySelector("[data-part=alerts]")
  if (!(bar instanceof HTMLButtonElement) || !list) return
  /** @type {Document | null} */
  let fresh = null
  const look = async () => {
    if (page.hidden) return
    fresh = (await fetchPage()) ?? fresh
    const count = fresh ? newOnes(addresses(list), addresses(fresh)) : 0
    bar.hidden = count === 0
    const text = bar.querySelector("span")
    if (text) text.textContent = `${count} new alert${count === 1 ? "" : "s"}, press`
  }
  bar.addEventListener("click", () => {
    for (const part of ["[data-part=alerts]", "[data-part=views]"]) {
      const [shown, wanted] = [page.querySelector(part), fresh?.querySelector(part)]
      if (shown && wanted) morph(shown, wanted)
    }
    if (fresh) page.title = fresh.title
    bar.hidden = true
  })
  setInterval(() => void look(), LOOK_EVERY_MS)
}

async function fetchPage() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(10_000) })
    if (!answer.ok || answer.redirected) return null
    return new DOMParser().parseFromString(await answer.text(), "text/html")
  } catch {
    return null // The next look may find it back.
  }
}

/** @param {Document} page @param {string} key */
function move(page, key) {
  const rows = [...page.querySelectorAll("a.alert")]
  const focused = rows.indexOf(/** @type {Element} */ (page.activeElement))
  const from = focused >= 0 ? focused : rows.findIndex((row) => row.getAttribute("aria-current") === "true")
  const to = nextPlace(from, key, rows.length)
  const row = to === null ? null : rows[to]
  if (row instanceof HTMLElement) row.focus()
  return row !== null
}

/** @param {Document} page @param {string} key */
function act(page, key) {
  const wanted = /^[a-z]$/.test(key) ? page.querySelector(`[data-key="${key}"]`) : null
  if (!(wanted instanceof HTMLElement) || wanted.hidden) return false
  wanted.click()
  const field = wanted.closest("details[open]")?.querySelector(FIELDS.split(", ").join(":not([type=hidden]), "))
  if (field instanceof HTMLElement) field.focus()
  return true
}

/** @param {HTMLButtonElement} button */
function offerCopy(button) {
  if (!navigator.clipboard) return
  button.hidden = false
  const label = button.innerHTML
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.origin + location.pathname)
    button.textContent = "Copied"
    setTimeout(() => { button.innerHTML = label }, COPIED_MS)
  })
}
