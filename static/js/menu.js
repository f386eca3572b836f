// A menu closes by Escape, which gives the focus back, and by a click elsewhere.

/** @param {Document} page */
export function closeMenus(page = document) {
  const open = () => /** @type {HTMLDetailsElement[]} */ ([...page.querySelectorAll("details.account[open]")])
  page.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return
    for (const menu of open()) {
      menu.open = false
      menu.querySelector("summary")?.focus()
      event.preventDefault()
    }
  })
  page.addEventListener("click", (event) => {
    for (const menu of open()) {
      if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false
    }
  })
}
