"use strict";
const holder = document.getElementById("reference");
Redoc.init(holder.dataset.url, { hideDownloadButton: false }, holder);
