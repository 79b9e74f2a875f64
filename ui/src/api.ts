// Questions to ThirdEye: persisted operations only, each told by its name.
import { endpoint } from "./router";
import { claimsOf, renew, signOut, token } from "./session";

export type ProblemKind =
  | "offline"
  | "signedOut"
  | "forbidden"
  | "notFound"
  | "badInput"
  | "conflict"
  | "busy"
  | "unavailable"
  | "timeout"
  | "unreadable"
  | "other";

/**
 * Why a question has no answer, in a kind that the page has a sentence for. `detail` is what the server said, of `argument` where
 * one is wrong; `current` is what somebody else made of it in a conflict.
 */
export class Problem extends Error {
  constructor(
    readonly kind: ProblemKind,
    readonly detail: string = "",
    readonly retryAfter: number | null = null,
    readonly argument: string | null = null,
    readonly current: Record<string, unknown> | null = null,
  ) {
    super(detail || kind);
  }
}

const KINDS: Record<string, ProblemKind> = {
  UNAUTHENTICATED: "signedOut",
  FORBIDDEN: "forbidden",
  NOT_FOUND: "notFound",
  BAD_USER_INPUT: "badInput",
  CONFLICT: "conflict",
  RATE_LIMITED: "busy",
  UNAVAILABLE: "unavailable",
  TIMEOUT: "timeout",
};
// What a server asks to wait is waited for once, up to so many seconds, before anybody is told.
const LONGEST_WAIT = 5;

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string; argument?: string; current?: Record<string, unknown> } }[];
}

/** The data of an operation. Throws a Problem. What changes something has a `key`: sent again with it, it is done once. */
export async function ask<Data>(
  operation: string,
  variables: Record<string, unknown> = {},
  signal: AbortSignal | null = null,
  key: string | null = null,
): Promise<Data> {
  try {
    return await askOnce<Data>(operation, variables, signal, key);
  } catch (error) {
    const seconds = error instanceof Problem && error.kind !== "timeout" ? error.retryAfter : null;
    if (seconds === null || seconds > LONGEST_WAIT) throw error;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    return askOnce<Data>(operation, variables, signal, key);
  }
}

async function askOnce<Data>(
  operation: string,
  variables: Record<string, unknown>,
  signal: AbortSignal | null,
  key: string | null,
): Promise<Data> {
  const sent = token.value;
  if (sent === null) throw new Problem("signedOut");
  const response = await fetch(endpoint("graphql"), {
    method: "POST",
    // The header is for proxies: they cannot look into the body, and may repeat what only reads.
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${sent}`,
      "x-om-operation-id": operation,
      ...(key === null ? {} : { "idempotency-key": key }),
    },
    body: JSON.stringify({ documentId: operation, variables }),
    cache: "no-store",
    credentials: "omit",
    signal,
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem("offline");
  });
  const answer = (await response.json().catch(() => null)) as Answer<Data> | null;
  const found = answer?.errors?.[0];
  if (response.status === 401 || found?.extensions?.code === "UNAUTHENTICATED") {
    if (await renew(sent)) return askOnce(operation, variables, signal, key);
    if (token.value === sent) signOut(isExpired(sent) ? "expired" : "refused");
    throw new Problem("signedOut");
  }
  const wait = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  const retryAfter = Number.isNaN(wait) ? null : wait;
  if (response.status === 429) throw new Problem("busy", "", retryAfter);
  if (found) {
    const { code = "", argument = null, current = null } = found.extensions ?? {};
    throw new Problem(KINDS[code] ?? "other", found.message, retryAfter, argument, current);
  }
  // Of a proxy that did not wait as long as ThirdEye would have taken.
  if (response.status === 504) throw new Problem("timeout", "", retryAfter);
  if (response.status >= 500) throw new Problem("unavailable", "", retryAfter);
  if (!answer?.data) throw new Problem("unreadable");
  return answer.data;
}

function isExpired(text: string): boolean {
  const expires = claimsOf(text)?.expires;
  return expires instanceof Date && expires.getTime() < Date.now();
}
