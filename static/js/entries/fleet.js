// The fleet page.

import { LiveFleet } from "../live.js"
import { startPage } from "../page.js"

customElements.define("live-fleet", LiveFleet)
startPage()
