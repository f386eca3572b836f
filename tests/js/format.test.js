import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"
import * as format from "../../static/js/format.js"

const examples = JSON.parse(readFileSync(new URL("../data/formats.json", import.meta.url), "utf8"))

for (const { as, value, text } of examples) {
  test(`${as} of ${value} reads ${text}`, () => assert.equal(format[as](value), text))
}

test("a percentage is rounded down, and a dash where it cannot be told", () => {
  assert.equal(format.percentOf(1, 3), 33)
  assert.equal(format.percentOf(null, 3), null)
  assert.equal(format.percentOf(1, 0), null)
  assert.equal(format.percent(null), "–")
  assert.equal(format.percent(54), "54 %")
})

test("a moment is told in the portal's zone: the time today, the date before, UTC where the zone is unknown", () => {
  const noon = Date.parse("2026-11-21T12:00:00Z")
  const told = (moment, zone = "UTC") => format.clock(moment, noon, zone)
  assert.equal(told("2026-11-21T11:02:00Z"), "11:02")
  assert.equal(told("2026-11-21T00:00:00Z"), "00:00")
  assert.equal(told("2026-11-19T11:02:00Z"), "19 Nov 11:02")
  assert.equal(told("2026-09-01T11:02:00Z"), "1 Sep 11:02")
  assert.equal(told("2025-11-21T11:02:00Z"), "21 Nov 2025")
  assert.equal(told("2026-11-20T23:30:00Z", "Europe/Berlin"), "00:30")
  assert.equal(told("2026-11-21T11:02:00Z", "Nowhere/At_all"), "11:02 UTC")
  assert.equal(told("nonsense"), "–")
})

test("an age is written again exactly when it reads differently", () => {
  for (const seconds of [0, 12.5, 59, 60, 61, 3599, 3600, 35_999, 36_000, 86_399, 86_400, 200_000]) {
    const next = seconds + format.secondsToNextAge(seconds)
    assert.notEqual(format.age(next + 0.001), format.age(seconds), `${seconds} s`)
    assert.equal(format.age(next - 0.002), format.age(seconds), `${seconds} s`)
  }
})
