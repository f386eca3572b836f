// Pages that follow no socket.

import { startPage } from "../page.js"

startPage()
