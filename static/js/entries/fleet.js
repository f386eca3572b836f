// The fleet page.

import { tickAges } from "../ages.js"
import { LiveFleet } from "../live.js"
import { changeThemeInPlace } from "../theme.js"

customElements.define("live-fleet", LiveFleet)
tickAges()
changeThemeInPlace()
