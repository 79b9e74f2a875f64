// Whether this computer has a network, as the browser sees it; a server may be away all the same.
import { signal } from "@preact/signals";

export const online = signal(navigator.onLine);

for (const name of ["online", "offline"]) {
  addEventListener(name, () => {
    online.value = navigator.onLine;
  });
}
