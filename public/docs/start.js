// Starts the viewer (Swagger UI). Everything comes from this installation, and nothing leaves it: no validator elsewhere, and a
// pasted token lives in this tab alone, until it is closed or reloaded.

const scheme = /^(token|bearer|sdk-hmac-sha256) /i;

window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#viewer",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  defaultModelRendering: "model",
  displayOperationId: true,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestInterceptor(request) {
    // A token is pasted as it was shown; the scheme in front of it belongs to the header.
    const pasted = request.headers?.Authorization?.trim();
    if (pasted && !scheme.test(pasted)) request.headers.Authorization = `Token ${pasted}`;
    return request;
  },
});
