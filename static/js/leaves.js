// What one leaf of a page shows of a picture. Pure: values in, texts out.

import * as format from "./format.js"

/** @typedef {Record<string, any>} Picture */

/** The value at `cpu.used_cores`; undefined where the picture does not say.
 *  @param {Picture} picture @param {string} path @returns {unknown} */
export function valueAt(picture, path) {
  /** @type {any} */
  let value = picture
  for (const key of path.split(".")) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value
}

/** @type {Record<string, (value: any) => string>} */
const WRITERS = {
  count: format.count,
  cores: format.cores,
  bytes: format.bytes,
  percent: (value) => format.percent(typeof value === "number" ? value : null),
  "cpu-percent": (value) => format.percent(format.percentOf(value?.used_cores, value?.allocatable_cores)),
  "memory-percent": (value) => format.percent(format.percentOf(value?.used_bytes, value?.allocatable_bytes)),
  health: (value) => format.healthWord(String(value)),
}

/** The text for a value; undefined where the picture does not say and the leaf stays as it is.
 *  @param {unknown} value @param {string | undefined} as */
export function textOf(value, as) {
  if (value === undefined) return undefined
  const write = as ? WRITERS[as] : undefined
  if (write) return write(value)
  return value === null || value === "" ? format.NO_VALUE : String(value)
}

const WARN_PERCENT = 70
const CRITICAL_PERCENT = 90

/** Fill and tick of a bar, in percent of allocatable, and how full it is.
 *  @param {number | null} used @param {number | null} requested */
export function barOf(used, requested) {
  const level = (used ?? 0) >= CRITICAL_PERCENT ? "critical" : (used ?? 0) >= WARN_PERCENT ? "warn" : "ok"
  const spoken = (/** @type {number | null} */ value) => (value === null ? "unknown" : `${value} percent`)
  return {
    level,
    fill: `${Math.min(used ?? 0, 100)}%`,
    tickAt: `${Math.min(requested ?? 0, 99)}%`,
    tickWidth: requested === null ? "0" : "1.5",
    spoken: `${spoken(used)} used, ${spoken(requested)} requested`,
  }
}
