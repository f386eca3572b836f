import assert from "node:assert/strict"
import test from "node:test"
import { isBefore, judge, readPlace } from "../../static/js/place.js"

const at = (number, fence = 7) => ({ fence, number })
const frame = (place) => ({ type: "frame", place })

test("the next frame is applied, a copy dropped, a hole asked for", () => {
  assert.equal(judge(frame("7.42"), at(41)), "apply")
  assert.equal(judge(frame("7.40"), at(41)), "drop")
  assert.equal(judge(frame("7.43"), at(41)), "ask")
})

test("a frame at the same place brings only the totals", () => {
  assert.equal(judge(frame("7.41"), at(41)), "card")
})

test("a picture replaces whatever was known", () => {
  assert.equal(judge({ type: "picture", place: "6.1" }, at(41)), "renew")
  assert.equal(judge({ type: "picture", place: "8.1" }, null), "renew")
})

test("another fence is asked about, an old one dropped", () => {
  assert.equal(judge(frame("8.1"), at(41)), "ask")
  assert.equal(judge(frame("6.99"), at(41)), "drop")
})

test("what was missed is applied when it follows what is known", () => {
  assert.equal(judge({ type: "changes", since: "7.41", place: "7.50" }, at(41)), "apply")
  assert.equal(judge({ type: "changes", since: "7.39", place: "7.50" }, at(41)), "apply")
  assert.equal(judge({ type: "changes", since: "7.45", place: "7.50" }, at(41)), "ask")
})

test("a heartbeat that is ahead shows that the last frame was lost", () => {
  assert.equal(judge({ type: "heartbeat", place: "7.42" }, at(41)), "ask")
  assert.equal(judge({ type: "heartbeat", place: "7.41" }, at(41)), "drop")
})

test("what is no place is none", () => {
  for (const text of ["", "7", "7.", ".7", "7.x", "-1.2", null, undefined, 7.41, "1".repeat(40)]) {
    assert.equal(readPlace(text), null)
  }
  assert.deepEqual(readPlace("7.41"), at(41))
})

test("an older fence is before any number of a newer", () => {
  assert.equal(isBefore(at(99, 6), at(1, 7)), true)
  assert.equal(isBefore(at(1), at(1)), false)
})
