// Pages that follow no socket.

import { tickAges } from "../ages.js"
import { changeThemeInPlace } from "../theme.js"

tickAges()
changeThemeInPlace()
