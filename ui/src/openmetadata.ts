// OpenMetadata's own session, where the page is served from the same origin. It is read, and never written.
//
// Where OpenMetadata's page keeps its token, by its sources:
// - up to 1.3: localStorage `oidcIdToken`, which is the token (constants.ts);
// - 1.4: localStorage `om-session`, JSON by zustand's `persist`: {"state": {"oidcIdToken": ...}} (useApplicationStore.ts); for a
//   time the same in sessionStorage (its pull request 16515), which a tab opened from OpenMetadata's inherits;
// - 1.5 to 1.9: localStorage `om-session`, {"oidcIdToken": ...} (LocalStorageUtils.ts);
// - newer ones, 2.x among them: IndexedDB `AppDataStore`, store `keyValueStore`, key `app_state`, JSON text {"primary": ...} that
//   its service worker writes (app-worker.js, SwTokenStorageUtils.ts; its pull request 22539 of August 2025). Browsers without
//   service workers keep `app_state` in localStorage; where the worker fails the token is in that tab's memory alone.
import { claimsOf } from "./session";

const DATABASE = "AppDataStore";
const STORE = "keyValueStore";
const STATE = "app_state";
// A database that another tab blocks must not keep the page from being shown.
const LONGEST_WAIT = 1_000;

/** The token that OpenMetadata's page keeps in this browser, or null: none, none that is one, or one that has expired. */
export async function tokenOfOpenMetadata(): Promise<string | null> {
  const found = [
    // Newest first: what an older version left behind may still lie there.
    part(await fromDatabase(), "primary"),
    part(item("localStorage", STATE), "primary"),
    ...(["localStorage", "sessionStorage"] as const).flatMap((storage) => {
      const session = json(item(storage, "om-session"));
      return [part(session, "oidcIdToken"), part(part(session, "state"), "oidcIdToken")];
    }),
    item("localStorage", "oidcIdToken"),
  ];
  return found.find(isUsable) ?? null;
}

function isUsable(text: unknown): text is string {
  if (typeof text !== "string") return false;
  const claims = claimsOf(text);
  return claims !== null && (claims.expires === null || claims.expires.getTime() > Date.now());
}

function item(storage: "localStorage" | "sessionStorage", key: string): string | null {
  try {
    return window[storage].getItem(key);
  } catch {
    // Storage may be forbidden.
    return null;
  }
}

function json(text: unknown): unknown {
  if (typeof text !== "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A member of an object, which may be given as JSON text. */
function part(value: unknown, name: string): unknown {
  const object = json(value);
  return typeof object === "object" && object !== null ? (object as Record<string, unknown>)[name] : null;
}

async function fromDatabase(): Promise<unknown> {
  const waited = new Promise<null>((resolve) => setTimeout(() => resolve(null), LONGEST_WAIT));
  return Promise.race([read().catch(() => null), waited]);
}

function read(): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE);
    opening.onerror = () => reject(opening.error);
    // It does not exist: opening it would create it, and that is OpenMetadata's.
    opening.onupgradeneeded = () => opening.transaction?.abort();
    opening.onsuccess = () => {
      const database = opening.result;
      try {
        const asked = database.transaction([STORE], "readonly").objectStore(STORE).get(STATE);
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error);
      } catch (error) {
        reject(error);
      } finally {
        // Closes once the transaction is over.
        database.close();
      }
    };
  });
}
