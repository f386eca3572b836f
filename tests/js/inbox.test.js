import assert from "node:assert/strict"
import { test } from "node:test"

import { isForPage, newOnes, nextPlace } from "../../static/js/inbox.js"

test("J and K move along the list and stop at its ends", () => {
  assert.equal(nextPlace(-1, "j", 3), 0)
  assert.equal(nextPlace(0, "j", 3), 1)
  assert.equal(nextPlace(2, "j", 3), null)
  assert.equal(nextPlace(1, "k", 3), 0)
  assert.equal(nextPlace(0, "k", 3), null)
  assert.equal(nextPlace(-1, "j", 0), null)
})

test("only rows that are not shown yet are new", () => {
  assert.equal(newOnes(["/a", "/b"], ["/c", "/a", "/b"]), 1)
  assert.equal(newOnes(["/a", "/b"], ["/b"]), 0)
  assert.equal(newOnes([], []), 0)
})

test("a key with Control, Alt or Meta is the browser's", () => {
  const key = { ctrlKey: false, altKey: false, metaKey: false, isComposing: false, defaultPrevented: false, target: null }
  globalThis.Element ??= class {}
  assert.equal(isForPage(key), true)
  for (const name of ["ctrlKey", "altKey", "metaKey", "isComposing", "defaultPrevented"]) {
    assert.equal(isForPage({ ...key, [name]: true }), false)
  }
})
