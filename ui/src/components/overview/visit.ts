// When this browser was here before: what is kept is two moments, and nothing of what was seen.
const KEY = "thirdeye-visit";
// Whoever comes back sooner is still on the same visit.
const PAUSE = 30 * 60_000;

interface Visit {
  /** The end of the visit before this one; null on the first. */
  before: string | null;
  seen: string;
}

function stored(): Visit | null {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "null");
    if (typeof found !== "object" || found === null) return null;
    const { before, seen } = found as Record<string, unknown>;
    if (!isMoment(seen)) return null;
    return { before: isMoment(before) ? before : null, seen };
  } catch {
    // Storage may be forbidden, or hold anything.
    return null;
  }
}

function isMoment(value: unknown): value is string {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}

/** The end of the last visit, ISO, or null on the first one. Notes that somebody is here now. */
export function lastVisit(now = new Date()): string | null {
  const found = stored();
  const isSame = found !== null && now.getTime() - Date.parse(found.seen) < PAUSE;
  const before = isSame ? found.before : (found?.seen ?? null);
  try {
    localStorage.setItem(KEY, JSON.stringify({ before, seen: now.toISOString() } satisfies Visit));
  } catch {
    // As above: then each visit is the first.
  }
  return before;
}
