// Numbers, ages and moments as pages write them. Pure; portal/pages/formats.py writes the same.

export const NO_VALUE = "–"
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
const grouped = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 })

/** @param {unknown} value @returns {value is number} */
const isNumber = (value) => typeof value === "number" && Number.isFinite(value)

/** Three significant digits, no trailing zeros. @param {number} value */
const threeDigits = (value) => String(Number(value.toPrecision(3)))

/** CPU: thousandths below one core, three digits above. @param {unknown} value */
export function cores(value) {
  if (!isNumber(value)) return NO_VALUE
  if (value === 0) return "0"
  if (value < 0.9995) return `${Math.round(value * 1000)}m`
  return value < 99.95 ? `${threeDigits(value)} cores` : `${grouped.format(value)} cores`
}

/** Memory in binary units. @param {unknown} value */
export function bytes(value) {
  if (!isNumber(value)) return NO_VALUE
  if (value === 0) return "0"
  let unit = 0
  let amount = value
  while (amount >= 999.5 && unit < UNITS.length - 1) {
    amount /= 1024
    unit += 1
  }
  return `${unit < 3 ? Math.round(amount) : threeDigits(amount)} ${UNITS[unit]}`
}

/** A number of things. @param {unknown} value */
export const count = (value) => (isNumber(value) ? grouped.format(value) : NO_VALUE)

/** How many percent of the whole, rounded down; null where it cannot be told.
 *  @param {unknown} part @param {unknown} whole */
export function percentOf(part, whole) {
  return isNumber(part) && isNumber(whole) && whole > 0 ? Math.floor((100 * part) / whole) : null
}

/** `54 %`, or a dash. @param {number | null} value */
export const percent = (value) => (value === null ? NO_VALUE : `${value} %`)

/** A span of time. @param {number} seconds */
export function age(seconds) {
  const whole = Math.max(0, Math.floor(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min`
  if (whole >= 86_400) return `${Math.floor(whole / 86_400)} d`
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor(whole / 60) % 60
  return minutes && hours < 10 ? `${hours} h ${minutes} min` : `${hours} h`
}

/** @param {string} zone */
function isZone(zone) {
  try {
    return Boolean(new Intl.DateTimeFormat("en-US", { timeZone: zone }))
  } catch {
    return false
  }
}

/** @param {number} ms @param {string} zone @returns {Record<string, string>} */
function partsOf(ms, zone) {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
  })
  return Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]))
}

/** When it was, in the portal's zone: the time today, the date before. A zone that the browser does not
 *  know is told in UTC, and as such. @param {string} moment @param {number} nowMs @param {string} zone
 *  @returns {string} */
export function clock(moment, nowMs, zone) {
  const ms = Date.parse(moment)
  if (Number.isNaN(ms)) return NO_VALUE
  if (!isZone(zone)) return `${clock(moment, nowMs, "UTC")} UTC`
  const then = partsOf(ms, zone)
  const now = partsOf(nowMs, zone)
  if (then.year !== now.year) return `${then.day} ${then.month} ${then.year}`
  const time = `${then.hour}:${then.minute}`
  return then.day === now.day && then.month === now.month ? time : `${then.day} ${then.month} ${time}`
}

/** How long until an age of so many seconds reads differently. @param {number} seconds */
export function secondsToNextAge(seconds) {
  const whole = Math.max(0, seconds)
  const step = whole < 60 ? 1 : whole < 36_000 ? 60 : whole < 86_400 ? 3600 : 86_400
  return step - (whole % step)
}

/** The words of a health. @type {Record<string, string>} */
const WORDS = {
  critical: "Critical",
  degraded: "Degraded",
  no_data: "No data",
  pending: "Pending",
  silenced: "Silenced",
  healthy: "Healthy",
}

/** @param {string} health */
export const healthWord = (health) => WORDS[health] ?? health
