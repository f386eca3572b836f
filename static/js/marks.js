// What of a picture is more than numbers: sentences, causes, which clusters there are. Pure.

/** @param {any} cause */
const causeMark = (cause) =>
  [cause.cluster, cause.health, cause.reason, cause.kind, cause.namespace, cause.name, cause.count].join("/")

/** @param {any} line */
const lineMark = (line) => [line?.state, line?.reason, line?.message].join("/")

/** Two fleets with the same mark differ only in numbers.
 *  @param {any} fleet @param {Map<string, any>} cards @param {unknown} names */
export function fleetMark(fleet, cards, names) {
  const clusters = [...cards.values()].map((card) => `${card.id}:${card.health}:${card.reason}:${card.node_strip}:${lineMark(card.connection)}`)
  const causes = (fleet.causes ?? []).map(causeMark)
  return JSON.stringify([fleet.verdict, causes, clusters.sort(), names ? Object.entries(names) : null])
}

/** Two pictures of a cluster with the same mark differ only in numbers. @param {any} cluster */
export function clusterMark(cluster) {
  const kinds = Object.entries(cluster.kinds ?? {}).map(([kind, state]) => `${kind}:${/** @type {any} */ (state).state}`)
  return JSON.stringify([
    cluster.health,
    cluster.reason,
    lineMark(cluster.connection),
    cluster.version,
    cluster.node_strip,
    cluster.usage?.state,
    (cluster.causes ?? []).map(causeMark),
    kinds,
  ])
}

/** Whether changes are of something that a page lists; null is more than a frame could hold.
 *  @param {any[] | null} changes
 *  @param {{ kinds: string[], uid?: string | undefined, shows: (uid: string) => boolean }} page */
export function touches(changes, page) {
  if (changes === null) return true
  return changes.some((change) => {
    const { kind, uid } = change.op === "set" ? change.resource : change
    return page.kinds.includes(kind) || uid === page.uid || page.shows(uid)
  })
}
