// What every page does.

import { tickAges } from "./ages.js"
import { closeMenus } from "./menu.js"
import { changeThemeInPlace } from "./theme.js"
import { goBackByEscape } from "./way-back.js"

/** Start it. The menu first: an Escape that closes it leads nowhere else. */
export function startPage() {
  tickAges()
  changeThemeInPlace()
  closeMenus()
  goBackByEscape()
}
