// The live elements: each follows its socket and writes what comes into the server's markup.

import { announcer } from "./announce.js"
import { write, writeText } from "./bind.js"
import { clusterMark, fleetMark, touches } from "./marks.js"
import { follow } from "./line.js"
import { liveSign } from "./live-sign.js"
import { isBefore, judge, readPlace } from "./place.js"
import { refresher } from "./refresh.js"

const ASK_EVERY_MS = 1_000

/** @param {string} path */
const socketUrl = (path) => `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`

/** Draws at most once a frame, and only while the page is seen: a hidden tab catches up when it is shown.
 *  @param {() => void} draw */
function oncePerFrame(draw) {
  let isDue = false
  return () => {
    if (isDue) return
    isDue = true
    requestAnimationFrame(() => {
      isDue = false
      draw()
    })
  }
}

/** What both elements share: the line, its sign and hurry when network or tab come back.
 *  @param {HTMLElement} element @param {(message: any) => void} onMessage */
function connect(element, onMessage) {
  const sign = liveSign()
  const hear = (/** @type {any} */ message) => {
    sign.hear(message)
    onMessage(message)
  }
  const line = follow(socketUrl(element.dataset.path ?? ""), { onMessage: hear, onStatus: sign.setLine })
  const hurry = () => { if (!document.hidden) line.hurry() }
  addEventListener("online", hurry)
  document.addEventListener("visibilitychange", hurry)
  addEventListener("pagehide", () => line.stop())
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload() })
  return line
}

/** `<live-fleet data-path="/ws/fleet/">`: totals of the fleet, and a card for each `[data-id]`. */
export class LiveFleet extends HTMLElement {
  /** @type {Map<string, any>} The latest card of each cluster. */
  #cards = new Map()
  /** @type {Set<string>} Cards that are not written yet. */
  #unwritten = new Set()
  /** @type {any} */
  #fleet = null
  /** @type {any} */
  #names = {}
  #mark = ""

  connectedCallback() {
    const refresh = refresher(this, () => this.#isBehind())
    const say = announcer((text) => this.#say(text))
    const draw = oncePerFrame(() => this.#draw())
    this.addEventListener("refreshed", () => {
      say(this.querySelector("[data-part=verdict]")?.textContent ?? "")
      this.#unwritten = new Set(this.#cards.keys())
      draw()
    })
    connect(this, (message) => {
      if (message.type === "heartbeat") return
      const isFirst = this.#mark === ""
      this.#take(message)
      const mark = fleetMark(this.#fleet, this.#cards, this.#names)
      if (isFirst ? this.#isBehind() : mark !== this.#mark) refresh()
      this.#mark = mark
      draw()
    })
  }

  /** @param {any} message */
  #take(message) {
    if (message.type === "picture") {
      this.#cards.clear()
      this.#names = message.names
    }
    for (const card of message.clusters) {
      this.#cards.set(card.id, card)
      this.#unwritten.add(card.id)
    }
    this.#fleet = message.fleet
  }

  #draw() {
    if (this.#fleet) write(this, this.#fleet)
    for (const shown of this.querySelectorAll("[data-id]")) {
      const id = shown.getAttribute("data-id") ?? ""
      const card = this.#unwritten.has(id) ? this.#cards.get(id) : undefined
      if (card) write(shown, card)
    }
    this.#unwritten.clear()
  }

  /** Whether the rendered cards are others than the known ones, or of other health. */
  #isBehind() {
    const shown = [...this.querySelectorAll("[data-id]")]
    const isSame = (/** @type {Element} */ card) =>
      card.getAttribute("data-health") === this.#cards.get(card.getAttribute("data-id") ?? "")?.health
    return shown.length !== this.#cards.size || !shown.every(isSame)
  }

  /** @param {string} text */
  #say(text) {
    const place = this.querySelector("[data-part=say]")
    if (place) writeText(place, text)
  }
}

/** `<live-cluster data-path="/ws/clusters/SLUG/" data-place="7.41">`: one cluster; its rows are `[data-uid]`. */
export class LiveCluster extends HTMLElement {
  /** @type {import("./place.js").Place | null} */
  #last = null
  /** @type {import("./place.js").Place | null} The place that the rendered page must have reached. */
  #wanted = null
  /** @type {any} */
  #cluster = null
  #mark = ""
  #askedAtMs = -ASK_EVERY_MS

  connectedCallback() {
    const refresh = refresher(this, () => this.#isBehind())
    const draw = oncePerFrame(() => { if (this.#cluster) write(this, this.#cluster) })
    this.addEventListener("refreshed", draw)
    const line = connect(this, (message) => {
      const verdict = judge(message, this.#last)
      if (verdict === "ask") this.#ask(line)
      if (verdict === "ask" || verdict === "drop") return
      this.#last = readPlace(message.place)
      this.#cluster = message.cluster
      const mark = clusterMark(this.#cluster)
      if (this.#calls(verdict, message) || (this.#mark !== "" && mark !== this.#mark)) {
        this.#wanted = this.#last
        refresh()
      }
      this.#mark = mark
      draw()
    })
  }

  /** @param {{ send: (message: object) => void }} line */
  #ask(line) {
    if (!this.#last || performance.now() - this.#askedAtMs < ASK_EVERY_MS) return
    this.#askedAtMs = performance.now()
    line.send({ type: "since", place: `${this.#last.fence}.${this.#last.number}` })
  }

  /** Whether a message calls for the lists anew. @param {string} verdict @param {any} message */
  #calls(verdict, message) {
    if (verdict === "renew") return this.dataset.place !== message.place
    return touches(message.changes, {
      kinds: (this.dataset.kinds ?? "").split(","),
      uid: this.dataset.uid,
      shows: (uid) => this.querySelector(`[data-uid="${CSS.escape(uid)}"]`) !== null,
    })
  }

  #isBehind() {
    const rendered = readPlace(this.dataset.place)
    return rendered !== null && this.#wanted !== null && isBefore(rendered, this.#wanted)
  }
}
