// Shows the API's schema in Swagger UI. A file of its own, as the security policy allows no inline script.

const place = /** @type {HTMLElement} */ (document.getElementById("api-docs"))
const { SwaggerUIBundle } = /** @type {any} */ (window)

SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  validatorUrl: null,
  supportedSubmitMethods: ["get"],
})
