// Files that need a token: fetched and handed to the browser, which could not send one for a link.
import { Problem } from "../api";
import { endpoint } from "../router";
import { claimsOf, signOut, token } from "../session";

/** Fetches an export and saves it. `progress` hears how many bytes there are so far. Throws a Problem; AbortError if stopped. */
export async function download(
  name: string,
  query: URLSearchParams,
  signal: AbortSignal,
  progress: (bytes: number) => void,
): Promise<void> {
  const sent = token.value;
  if (sent === null) throw new Problem("signedOut");
  try {
    const response = await fetch(`${endpoint(name)}?${query}`, {
      headers: { authorization: `Bearer ${sent}` },
      cache: "no-store",
      credentials: "omit",
      signal,
    });
    if (!response.ok) await refuse(response, sent);
    save(name, await read(response, progress));
  } catch (error) {
    if (error instanceof Problem || signal.aborted) throw error;
    throw new Problem("offline");
  }
}

async function refuse(response: Response, sent: string): Promise<never> {
  const said = (await response.json().catch(() => null)) as { message?: unknown } | null;
  const detail = typeof said?.message === "string" ? said.message : "";
  if (response.status === 401) {
    const expires = claimsOf(sent)?.expires;
    if (token.value === sent) signOut(expires && expires.getTime() < Date.now() ? "expired" : "refused");
    throw new Problem("signedOut");
  }
  const kinds: Record<number, Problem["kind"]> = { 400: "badInput", 403: "forbidden", 429: "busy" };
  throw new Problem(kinds[response.status] ?? (response.status >= 500 ? "unavailable" : "other"), detail);
}

async function read(response: Response, progress: (bytes: number) => void): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const reader = response.body?.getReader();
  for (let size = 0; reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
    progress(size);
  }
  return new Blob(parts, { type: response.headers.get("content-type") ?? "text/csv" });
}

function save(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser takes the file in its own time.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
