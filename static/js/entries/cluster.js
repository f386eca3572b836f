// The pages of one cluster: overview, lists and details.

import { tickAges } from "../ages.js"
import { LiveCluster } from "../live.js"
import { changeThemeInPlace } from "../theme.js"

customElements.define("live-cluster", LiveCluster)
tickAges()
changeThemeInPlace()
