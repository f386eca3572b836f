// The pages of one cluster: overview, lists and details.

import { LiveCluster } from "../live.js"
import { startPage } from "../page.js"

customElements.define("live-cluster", LiveCluster)
startPage()
