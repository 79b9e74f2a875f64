"use strict";
const holder = document.getElementById("reference");
SwaggerUIBundle({ url: holder.dataset.url, domNode: holder, deepLinking: true, validatorUrl: null });
