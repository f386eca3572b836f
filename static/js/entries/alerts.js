// The inbox of alerts.

import { startInbox } from "../inbox.js"
import { startPage } from "../page.js"

startPage()
startInbox()
