// Makes one piece of a page like another that the server has just rendered, touching only what differs,
// so that focus, selection and scroll position stay.

/** @param {Node} node */
const keyOf = (node) =>
  node instanceof Element ? (node.getAttribute("data-id") ?? node.getAttribute("data-uid") ?? (node.id || null)) : null

/** @param {Node} one @param {Node} other */
const areAlike = (one, other) => one.nodeName === other.nodeName && keyOf(one) === keyOf(other)

/** What somebody is typing into is theirs. @param {Element} element */
const isTaken = (element) => element.matches("form") || element.hasAttribute("data-keep")

/** @param {Element} shown @param {Element} wanted */
export function morph(shown, wanted) {
  if (isTaken(shown)) return
  morphAttributes(shown, wanted)
  morphChildren(shown, wanted)
}

/** @param {Element} shown @param {Element} wanted */
function morphAttributes(shown, wanted) {
  for (const { name } of [...shown.attributes]) {
    if (name !== "open" && !wanted.hasAttribute(name)) shown.removeAttribute(name)
  }
  for (const { name, value } of wanted.attributes) {
    if (name !== "open" && shown.getAttribute(name) !== value) shown.setAttribute(name, value)
  }
}

/** @param {Element} shown @param {Element} wanted */
function morphChildren(shown, wanted) {
  const keyed = new Map([...shown.children].map((child) => [keyOf(child), child]))
  let at = /** @type {ChildNode | null} */ (shown.firstChild)
  for (const next of [...wanted.childNodes]) {
    const key = keyOf(next)
    const match = key === null ? at : (keyed.get(key) ?? null)
    if (!match || !areAlike(match, next)) {
      shown.insertBefore(document.importNode(next, true), at)
      continue
    }
    if (match === at) at = at.nextSibling
    else shown.insertBefore(match, at)
    morphNode(match, next)
  }
  while (at) {
    const gone = at
    at = at.nextSibling
    gone.remove()
  }
}

/** @param {ChildNode} shown @param {ChildNode} wanted */
function morphNode(shown, wanted) {
  if (shown instanceof Element && wanted instanceof Element) morph(shown, wanted)
  else if (shown.nodeValue !== wanted.nodeValue) shown.nodeValue = wanted.nodeValue
}
