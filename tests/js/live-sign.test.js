import assert from "node:assert/strict"
import test from "node:test"
import { liveSign, markOf, unreadText } from "../../static/js/live-sign.js"

const NOW_MS = Date.parse("2026-11-21T12:00:00Z")
const SEEN_AT = "2026-11-21T11:59:20.000Z"

globalThis.Text = class Text {}

/** An element as far as the sign looks at one. */
function anElement(attributes = {}) {
  return {
    attributes,
    firstChild: null,
    textContent: "",
    getAttribute: (name) => attributes[name] ?? null,
    hasAttribute: (name) => name in attributes,
    setAttribute: (name, value) => { attributes[name] = value },
    toggleAttribute: (name, isOn) => { isOn ? (attributes[name] = "") : delete attributes[name] },
  }
}

/** A page as the server rendered it, live, and what was said on it. */
function aPage({ unread = { hidden: "", "data-zone": "UTC" } } = {}) {
  const parts = { live: anElement(), "live-text": anElement(), offline: anElement({ hidden: "" }), "offline-text": anElement() }
  if (unread) Object.assign(parts, { unread: anElement(unread), "unread-text": anElement() })
  const root = anElement()
  const said = []
  const page = { documentElement: root, querySelector: (selector) => parts[/=([\w-]+)\]/.exec(selector)[1]] ?? null }
  const timers = []
  const sign = liveSign(page, { now: () => NOW_MS, every: (run) => timers.push(run), say: (text) => said.push(text) })
  sign.setLine({ state: "live", attempt: 0, heardAtMs: NOW_MS })
  return {
    sign,
    said,
    tick: () => timers.forEach((run) => run()),
    beat: (reading, seenAt = SEEN_AT) => sign.hear({ type: "heartbeat", reading, worker_seen_at: seenAt }),
    shown: () => ({
      mark: parts.live.getAttribute("data-state"),
      text: parts["live-text"].textContent,
      isStale: root.hasAttribute("data-stale"),
      isBannerShown: parts.unread ? !parts.unread.hasAttribute("hidden") : false,
      banner: parts["unread-text"]?.textContent,
      isOfflineShown: !parts.offline.hasAttribute("hidden"),
    }),
  }
}

const LIVE = { mark: "live", text: "Live", isStale: false, isBannerShown: false, banner: "", isOfflineShown: false }
const UNREAD = {
  mark: "unread",
  text: "Nothing is read",
  isStale: true,
  isBannerShown: true,
  banner: "The last worker was seen at 11:59; numbers are from then.",
  isOfflineShown: false,
}

test("live is only what is told and read", () => {
  assert.equal(markOf("live", true).text, "Live")
  for (const line of ["offline", "signed-out", "forbidden", "gone"]) assert.equal(markOf(line, true).text, "Not live")
  assert.equal(markOf("offline", false).text, "Not live")
  assert.equal(markOf("live", false).state, "unread")
})

test("the banner says since when, or that no worker ever was", () => {
  assert.equal(unreadText(SEEN_AT, NOW_MS, "UTC"), UNREAD.banner)
  assert.equal(unreadText(null, NOW_MS, "UTC"), "No worker has started yet.")
})

test("a page that nobody reads for says so, once aloud, and takes it back", () => {
  const page = aPage()
  page.beat(true)
  assert.deepEqual(page.shown(), LIVE)
  page.beat(false)
  page.beat(false)
  assert.deepEqual(page.shown(), UNREAD)
  page.beat(true)
  assert.deepEqual(page.shown(), { ...LIVE, banner: UNREAD.banner })
  assert.deepEqual(page.said, [`Nothing is being read. ${UNREAD.banner}`, "Clusters are being read again."])
})

test("a page that was rendered without a worker is never live, and says nothing twice", () => {
  const page = aPage({ unread: { "data-zone": "UTC" } })
  assert.deepEqual(page.shown(), { ...UNREAD, banner: "" }, "the server wrote the banner")
  page.beat(false)
  assert.deepEqual(page.said, [])
  page.beat(true)
  assert.equal(page.shown().mark, "live")
})

test("what comes beside heartbeats, or from an older portal, changes nothing", () => {
  const page = aPage()
  page.beat(false)
  page.sign.hear({ type: "frame", clusters: [] })
  page.sign.hear({ type: "heartbeat", at: SEEN_AT, place: null })
  assert.deepEqual(page.shown(), UNREAD)
})

test("a lost line is told first; when it is back, that nothing is read is still true", () => {
  const page = aPage()
  page.beat(false)
  page.sign.setLine({ state: "offline", attempt: 1, heardAtMs: NOW_MS })
  page.tick()
  assert.deepEqual(page.shown(), { ...UNREAD, mark: "offline", text: "Not live", isOfflineShown: true })
  page.sign.setLine({ state: "live", attempt: 0, heardAtMs: NOW_MS })
  assert.deepEqual(page.shown(), UNREAD)
})

test("a page without the banner still has its mark", () => {
  const page = aPage({ unread: null })
  page.beat(false)
  assert.equal(page.shown().mark, "unread")
})
