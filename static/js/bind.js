// Writes a picture into the marked leaves under an element. The server made the markup; this changes
// only what reads differently.

import { percentOf } from "./format.js"
import { barOf, textOf, valueAt } from "./leaves.js"

/** @typedef {import("./leaves.js").Picture} Picture */

const SCOPES = "[data-id], [data-uid]"
const MARKED = "[data-f], [data-show-if], [data-bar], [data-as=shape]"
const HEAD_SHAPES = ":scope > header > [data-part=shape], :scope > .cluster-head > [data-part=shape]"

/** Write `picture` under `root`, but not into the scopes of other pictures inside it.
 *  @param {Element} root @param {Picture} picture */
export function write(root, picture) {
  for (const leaf of root.querySelectorAll(MARKED)) {
    if (leaf.parentElement?.closest(SCOPES + ", live-fleet, live-cluster") === root || leaf === root) writeLeaf(leaf, picture)
  }
  // On the page of one object the shape in its head is that object's own.
  if (typeof picture.health === "string" && !root.matches("live-cluster[data-uid]")) {
    if (root.matches("[data-health]")) set(root, "data-health", picture.health)
    for (const shape of root.querySelectorAll(HEAD_SHAPES)) writeShape(shape, picture.health)
  }
}

/** @param {Element} leaf @param {Picture} picture */
function writeLeaf(leaf, picture) {
  const { f, as, showIf, bar } = /** @type {HTMLElement} */ (leaf).dataset
  if (showIf !== undefined) writePresence(leaf, valueAt(picture, showIf))
  if (bar !== undefined) writeBar(leaf, bar, picture)
  if (f === undefined) return
  const value = valueAt(picture, f)
  if (as === "shape") writeShape(leaf, String(value))
  else if (leaf instanceof HTMLTimeElement) writeTime(leaf, value)
  else writeText(leaf, textOf(value, as))
}

/** @param {Element} leaf @param {string | undefined} text */
export function writeText(leaf, text) {
  if (text === undefined) return
  const node = leaf.firstChild
  if (node instanceof Text && leaf.childNodes.length === 1) {
    if (node.data !== text) node.data = text
  } else if (leaf.textContent !== text) {
    leaf.textContent = text
  }
}

/** The element's text ticks by itself (ages.js). @param {HTMLTimeElement} leaf @param {unknown} value */
function writeTime(leaf, value) {
  if (typeof value === "string") set(leaf, "datetime", value)
}

/** @param {Element} leaf @param {unknown} value */
function writePresence(leaf, value) {
  if (value !== undefined && leaf.hasAttribute("hidden") === Boolean(value)) leaf.toggleAttribute("hidden", !value)
}

/** @param {Element} shape @param {string} health */
function writeShape(shape, health) {
  set(shape, "data-health", health)
  set(shape, "aria-label", textOf(health, "health") ?? health)
  const use = shape.querySelector("use")
  if (use) set(use, "href", `#s-${health}`)
}

/** @param {Element} bar @param {string} kind @param {Picture} picture */
function writeBar(bar, kind, picture) {
  const figures = picture[kind]
  if (!figures) return
  const unit = kind === "cpu" ? "cores" : "bytes"
  const used = percentOf(figures[`used_${unit}`], figures[`allocatable_${unit}`])
  const requested = percentOf(figures[`requested_${unit}`], figures[`allocatable_${unit}`])
  const { level, fill, tickAt, tickWidth, spoken } = barOf(used, requested)
  set(bar, "data-level", level)
  set(bar, "aria-label", `${kind === "cpu" ? "CPU" : "Memory"} ${spoken}`)
  const [fillRect, tickRect] = bar.querySelectorAll("rect")
  if (fillRect) set(fillRect, "width", fill)
  if (tickRect) {
    set(tickRect, "x", tickAt)
    set(tickRect, "width", tickWidth)
  }
}

/** @param {Element} element @param {string} name @param {string} value */
function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value)
}
