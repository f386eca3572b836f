// Keys of the inbox: J and K move along the list, single letters act on the open alert, Y copies its link.

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

/** Start listening. @param {Document} page */
export function startInbox(page = document) {
  page.addEventListener("keydown", (event) => {
    if (!isForPage(event)) return
    const key = event.key.toLowerCase()
    const isMoving = key === "j" || key === "k"
    if (isMoving ? move(page, key) : act(page, key)) event.preventDefault()
  })
  for (const button of page.querySelectorAll("[data-copy-link]")) offerCopy(/** @type {HTMLButtonElement} */ (button))
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
