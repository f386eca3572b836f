import assert from "node:assert/strict"
import test from "node:test"
import { announcer } from "../../static/js/announce.js"
import { msToNextTick } from "../../static/js/ages.js"
import { clusterMark, fleetMark, touches } from "../../static/js/marks.js"
import { fetchAtMs, pauseMs } from "../../static/js/refresh.js"
import { otherTheme } from "../../static/js/theme.js"

const card = (facts = {}) => ({ id: "a", health: "healthy", reason: "", connection: { state: "live" }, ...facts })
const mark = (facts) => fleetMark({ verdict: { code: "healthy" }, causes: [] }, new Map([["a", card(facts)]]), {})

test("numbers alone do not call for a new page, health and connection do", () => {
  assert.equal(mark({ pods: { total: 1 } }), mark({ pods: { total: 2 } }))
  assert.notEqual(mark(), mark({ health: "critical" }))
  assert.notEqual(mark(), mark({ connection: { state: "stale" } }))
  assert.equal(clusterMark(card({ cpu: 1 })), clusterMark(card({ cpu: 2 })))
  assert.notEqual(clusterMark(card()), clusterMark(card({ causes: [{ reason: "CrashLoopBackOff" }] })))
})

test("a page is touched by changes of what it lists", () => {
  const page = { kinds: ["Pod", "Job"], uid: undefined, shows: (uid) => uid === "shown" }
  const set = (kind, uid) => [{ op: "set", resource: { kind, uid } }]
  assert.equal(touches(set("Pod", "x"), page), true)
  assert.equal(touches(set("Node", "x"), page), false)
  assert.equal(touches([{ op: "gone", kind: "Node", uid: "shown" }], page), true)
  assert.equal(touches(null, page), true)
  assert.equal(touches([], page), false)
})

test("a refresh waits for the rows, for its pause, and for a pointer that rests", () => {
  assert.equal(fetchAtMs({ askedAtMs: 0, pausedUntilMs: 0, movedAtMs: -2_000 }), 1_300)
  assert.equal(fetchAtMs({ askedAtMs: 0, pausedUntilMs: 7_500, movedAtMs: -2_000 }), 7_500)
  assert.equal(fetchAtMs({ askedAtMs: 0, pausedUntilMs: 0, movedAtMs: 1_000 }), 3_000)
})

test("a portal that answers slowly is asked seldom", () => {
  assert.deepEqual([10, 300, 9_000].map((tookMs) => pauseMs(tookMs, 0)), [5_000, 15_000, 60_000])
  assert.equal(pauseMs(10, 1), 7_500)
})

test("a sentence is said once, and the next not within ten seconds", () => {
  let nowMs = 0
  const said = []
  const timers = []
  const say = announcer((text) => said.push(text), { now: () => nowMs, later: (run, ms) => timers.push({ run, ms }) })
  say("one")
  say("one")
  nowMs = 4_000
  say("two")
  say("three")
  assert.deepEqual(said, ["one"])
  assert.equal(timers.length, 1)
  nowMs = 4_000 + timers[0].ms
  timers[0].run()
  assert.deepEqual(said, ["one", "three"])
})

test("ages tick when the next one is due, at the latest after half a minute", () => {
  assert.equal(msToNextTick([], 0), 30_000)
  assert.equal(msToNextTick([0], 5_400), 600)
  assert.equal(msToNextTick([0], 3_600_000 * 20), 30_000)
})

test("there are two themes", () => assert.deepEqual(["light", "dark", ""].map(otherTheme), ["dark", "light", "light"]))
