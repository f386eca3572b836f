// Shows the API's schema in Swagger UI. A file of its own, as the security policy allows no inline script.

const place = document.getElementById("api-docs")

window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  validatorUrl: null,
  supportedSubmitMethods: ["get"],
})
