import assert from "node:assert/strict"
import { test } from "node:test"

import { holds, readWay } from "../../static/js/way-back.js"

const way = { address: "/clusters/prod/pods/?health=critical", uid: "u-1" }

test("what was kept is read as it was", () => {
  assert.deepEqual(readWay(JSON.stringify(way)), way)
})

test("what cannot be a way is none", () => {
  const odd = [null, "", "{", "null", "7", "{}", '{"address":1,"uid":"u"}', '{"address":"//elsewhere.example/","uid":"u"}',
    '{"address":"https://elsewhere.example/","uid":"u"}', '{"address":"javascript:alert(1)","uid":"u"}', '{"address":"/"}']
  for (const text of odd) assert.equal(readWay(text), null, String(text))
})

test("a way holds at both its ends and nowhere else", () => {
  assert.ok(holds(way, { address: "/clusters/prod/Pod/u-1/", uid: "u-1" }))
  assert.ok(holds(way, { address: way.address, uid: undefined }))
  assert.ok(!holds(way, { address: "/clusters/prod/pods/", uid: undefined }))
  assert.ok(!holds(way, { address: "/clusters/prod/Pod/u-2/", uid: "u-2" }))
  assert.ok(!holds(null, { address: "/", uid: undefined }))
})
