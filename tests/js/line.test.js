import assert from "node:assert/strict"
import test from "node:test"
import { age } from "../../static/js/format.js"
import { bannerText, follow, reconnectDelayMs, SILENCE_MS } from "../../static/js/line.js"

/** A world whose clock only moves when told, with sockets that the test plays. */
function aWorld() {
  const world = { nowMs: 0, timers: [], sockets: [] }
  class Socket {
    readyState = 1
    sent = []
    constructor(url) {
      this.url = url
      world.sockets.push(this)
    }
    send(text) { this.sent.push(text) }
    close() { this.isClosed = true }
  }
  const options = {
    Socket,
    now: () => world.nowMs,
    random: () => 1,
    later: (run, ms) => {
      const timer = { run, atMs: world.nowMs + ms }
      world.timers.push(timer)
      return timer
    },
    cancel: (timer) => { world.timers = world.timers.filter((other) => other !== timer) },
  }
  world.pass = (ms) => {
    const endMs = world.nowMs + ms
    for (;;) {
      const [next] = world.timers.filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)
      if (!next) break
      options.cancel(next)
      world.nowMs = next.atMs
      next.run()
    }
    world.nowMs = endMs
  }
  const seen = { messages: [], statuses: [] }
  const handlers = {
    onMessage: (message) => seen.messages.push(message),
    onStatus: (status) => seen.statuses.push(status),
  }
  const line = follow("ws://here/ws/fleet/", handlers, options)
  return { world, seen, line, last: () => seen.statuses.at(-1) }
}

test("it is live with the first message, not with the open socket", () => {
  const { world, seen, last } = aWorld()
  assert.equal(seen.statuses.length, 0)
  world.sockets[0].onmessage({ data: '{"type":"picture"}' })
  assert.equal(last().state, "live")
  assert.deepEqual(seen.messages, [{ type: "picture" }])
})

test("a silent line is noticed within five seconds, and another is opened", () => {
  const { world, last } = aWorld()
  world.sockets[0].onmessage({ data: "{}" })
  world.pass(4_000)
  assert.equal(last().state, "live")
  world.pass(1_000)
  assert.equal(last().state, "offline")
  assert.equal(world.sockets[0].isClosed, true)
  world.pass(1_000)
  assert.equal(world.sockets.length, 2)
  assert.ok(SILENCE_MS < 5_000)
})

test("what a lost socket still says is not heard", () => {
  const { world, seen } = aWorld()
  world.sockets[0].onmessage({ data: "{}" })
  world.sockets[0].onclose({ code: 1006 })
  world.sockets[0].onmessage({ data: '{"late":1}' })
  assert.equal(seen.messages.length, 1)
})

test("attempts are counted until something is heard again", () => {
  const { world, last } = aWorld()
  for (const attempt of [1, 2, 3]) {
    world.sockets.at(-1).onclose({ code: 1006 })
    assert.equal(last().attempt, attempt)
    world.pass(1_000 * 2 ** (attempt - 1))
    assert.equal(world.sockets.length, attempt + 1)
  }
  world.sockets.at(-1).onmessage({ data: "{}" })
  assert.deepEqual([last().state, last().attempt], ["live", 0])
})

test("signed out, forbidden and gone are final", () => {
  for (const [code, state] of [[4401, "signed-out"], [4403, "forbidden"], [4404, "gone"]]) {
    const { world, last } = aWorld()
    world.sockets[0].onclose({ code })
    world.pass(120_000)
    assert.equal(last().state, state)
    assert.equal(world.sockets.length, 1)
  }
})

test("too many sockets wait half a minute", () => {
  const { world } = aWorld()
  world.sockets[0].onclose({ code: 4429 })
  world.pass(29_000)
  assert.equal(world.sockets.length, 1)
  world.pass(1_000)
  assert.equal(world.sockets.length, 2)
})

test("the network coming back shortens the wait, but opens no second socket", () => {
  const { world, line } = aWorld()
  line.hurry()
  assert.equal(world.sockets.length, 1)
  world.sockets[0].onclose({ code: 1006 })
  line.hurry()
  line.hurry()
  assert.equal(world.sockets.length, 2)
})

test("after stop nothing is opened", () => {
  const { world, line } = aWorld()
  world.sockets[0].onclose({ code: 1006 })
  line.stop()
  world.pass(120_000)
  assert.equal(world.sockets.length, 1)
})

test("the delay doubles from one second to thirty, spread out", () => {
  assert.deepEqual([0, 1, 2, 5, 50].map((n) => reconnectDelayMs(n, () => 1)), [1_000, 2_000, 4_000, 30_000, 30_000])
  assert.deepEqual([0, 5].map((n) => reconnectDelayMs(n, () => 0)), [500, 15_000])
})

test("the banner says since when, and which try this is", () => {
  const status = { state: "offline", attempt: 4, heardAtMs: 1_000 }
  assert.equal(
    bannerText(status, 39_000, () => "14:24:31", age),
    "Not live. Last update 14:24:31, 38 s ago. Reconnecting, try 4.",
  )
  assert.equal(bannerText({ ...status, heardAtMs: null }, 0, String, age), "Not live. Reconnecting, try 4.")
  assert.match(bannerText({ ...status, state: "signed-out" }, 0, String, age), /sign in again/)
})
