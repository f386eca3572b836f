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

test("an age is written again exactly when it reads differently", () => {
  for (const seconds of [0, 12.5, 59, 60, 61, 3599, 3600, 35_999, 36_000, 86_399, 86_400, 200_000]) {
    const next = seconds + format.secondsToNextAge(seconds)
    assert.notEqual(format.age(next + 0.001), format.age(seconds), `${seconds} s`)
    assert.equal(format.age(next - 0.002), format.age(seconds), `${seconds} s`)
  }
})
