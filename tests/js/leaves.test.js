import assert from "node:assert/strict"
import test from "node:test"
import { barOf, textOf, valueAt } from "../../static/js/leaves.js"

const picture = { cpu: { used_cores: 2, allocatable_cores: 8, requested_cores: null }, version: null, health: "no_data" }

test("a path leads to its value, and to nothing where the picture does not say", () => {
  assert.equal(valueAt(picture, "cpu.used_cores"), 2)
  assert.equal(valueAt(picture, "memory.used_bytes"), undefined)
  assert.equal(valueAt(picture, "cpu.used_cores.more"), undefined)
  assert.equal(valueAt(picture, "constructor.name"), undefined)
})

test("unknown is a dash, what is not said stays as it is", () => {
  assert.equal(textOf(null, "cores"), "–")
  assert.equal(textOf(null, undefined), "–")
  assert.equal(textOf(undefined, "cores"), undefined)
})

test("percentages are of allocatable", () => {
  assert.equal(textOf(picture.cpu, "cpu-percent"), "25 %")
  assert.equal(textOf({ used_bytes: null, allocatable_bytes: 4 }, "memory-percent"), "–")
})

test("health is written as its word", () => assert.equal(textOf("no_data", "health"), "No data"))

test("a bar warns from 70 and is critical from 90 percent, and never leaves its box", () => {
  assert.deepEqual([69, 70, 89, 90, 400].map((used) => barOf(used, null).level), ["ok", "warn", "warn", "critical", "critical"])
  assert.equal(barOf(400, 400).fill, "100%")
  assert.equal(barOf(400, 400).tickAt, "99%")
  assert.equal(barOf(null, null).spoken, "unknown used, unknown requested")
})
