// Changes the theme without loading the page anew. Without it the form does the same.

/** @param {string} theme */
export const otherTheme = (theme) => (theme === "light" ? "dark" : "light")

/** Take over the form with a button named `theme`. @param {Document} page */
export function changeThemeInPlace(page = document) {
  const button = page.querySelector("button[name=theme]")
  if (!(button instanceof HTMLButtonElement) || !button.form) return
  button.form.addEventListener("submit", (event) => {
    event.preventDefault()
    void change(page, /** @type {HTMLFormElement} */ (event.currentTarget), button)
  })
}

/** @param {Document} page @param {HTMLFormElement} form @param {HTMLButtonElement} button */
async function change(page, form, button) {
  const wanted = button.value
  const body = new FormData(form)
  body.set("theme", wanted)
  const answer = await fetch(form.action, { method: "POST", body }).catch(() => null)
  if (!answer?.ok) return form.submit()
  page.documentElement.dataset.theme = wanted
  button.value = otherTheme(wanted)
  button.setAttribute("aria-label", `Use the ${button.value} theme`)
}
