// Who asks. The token stays in this tab's sessionStorage, or in OpenMetadata's own storage where that can be read.
import { computed, signal } from "@preact/signals";
import { tokenOfOpenMetadata } from "./openmetadata";

const KEY = "thirdeye-token";

export interface Claims {
  name: string;
  expires: Date | null;
}

function stored(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    // Storage may be forbidden; the token then lasts as long as the page.
    return null;
  }
}

/** What a one-time link of `make run` brings: the token after `#token=`, which is taken out of the address at once. */
function brought(): string | null {
  const found = /^#token=([\w.-]+)$/.exec(location.hash)?.[1] ?? null;
  if (found) history.replaceState(null, "", location.pathname + location.search);
  return found;
}

export const token = signal<string | null>(null);
/** Why the page asks for a token again. */
export const reason = signal<"expired" | "refused" | null>(null);
export const claims = computed(() => (token.value ? claimsOf(token.value) : null));

export function signIn(text: string): void {
  token.value = text;
  reason.value = null;
  try {
    sessionStorage.setItem(KEY, text);
  } catch {
    // As above.
  }
}

/** Forgets the token, which was refused or has expired: what is on the screen stays, and the page asks for another. */
export function signOut(why: "expired" | "refused" | null = null): void {
  token.value = null;
  reason.value = why;
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // As above.
  }
}

export async function begin(): Promise<void> {
  const known = brought() ?? stored();
  if (known) signIn(known);
  else {
    const found = await tokenOfOpenMetadata();
    if (found) token.value = found;
  }
}

/** Takes the token that OpenMetadata has renewed since, if it is of the same person; tells whether it did. */
export async function renew(refused: string): Promise<boolean> {
  const found = await tokenOfOpenMetadata();
  const isAnother = found !== null && found !== refused && claimsOf(found)?.name === claimsOf(refused)?.name;
  if (isAnother && token.value === refused) token.value = found;
  return isAnother;
}

/** What a token says of itself, to be shown only; null for what is no token. */
export function claimsOf(text: string): Claims | null {
  try {
    const part = text.split(".")[1] ?? "";
    const raw = atob(part.replace(/-/g, "+").replace(/_/g, "/"));
    const found: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.from(raw, (each) => each.charCodeAt(0))));
    if (typeof found !== "object" || found === null) return null;
    const { sub, preferred_username, email, exp } = found as Record<string, unknown>;
    const name = [preferred_username, sub, email].find((each) => typeof each === "string" && each !== "");
    return { name: String(name ?? ""), expires: typeof exp === "number" ? new Date(exp * 1000) : null };
  } catch {
    return null;
  }
}
