// Every filter of tables, once: its name in the address, in the question and in the export, and what its values are.
import { listOf } from "../../router";

export type Kind = "names" | "choices" | "yesNo" | "money" | "bytes" | "count" | "score" | "share" | "day";

export interface Filter {
  name: string;
  kind: Kind;
  /** What can be chosen, of "choices". */
  choices?: readonly string[];
  /** Shown at once; the others are under "more". */
  common?: boolean;
}

export type Value = string[] | boolean | number | string;

export const VERDICTS = ["DELETE", "ARCHIVE", "STOP_REFRESH", "REVIEW", "KEEP"] as const;
export const ACTIVITIES = ["NEW", "ACTIVE", "COOLING", "STALE", "DORMANT", "UNKNOWN"] as const;
export const EVIDENCES = ["QUERIES", "LIFECYCLE", "METADATA", "NONE"] as const;
export const UNKNOWN_REASONS = ["NO_FEED", "UNREADABLE", "UNDATED", "FEW_DAYS", "AGE"] as const;
export const TIERS = ["Tier1", "Tier2", "Tier3", "Tier4", "Tier5", "OTHER", "NONE"] as const;
export const BLOCKERS = [
  "ACTIVE_DOWNSTREAM", "UNKNOWN_DOWNSTREAM", "CRITICAL_TIER", "PROTECTED_TAG", "RECENTLY_WRITTEN", "RECENTLY_CREATED",
  "UNKNOWN_USAGE", "SHORT_HISTORY", "EVIDENCE_INCOMPLETE", "KEPT_BY_OWNER", "CALIBRATION_OFF", "FEED_SILENT",
  "EVIDENCE_PARTIAL", "NO_LINEAGE", "SERIES_IN_USE", "MASS_ABSENCE", "IN_DATA_PRODUCT", "CARED_FOR", "RETURN_RISK",
] as const;

/** The fields of the API's `TableFilterInput`; those that are common come first. */
export const FILTERS = [
  { name: "verdict", kind: "choices", choices: VERDICTS, common: true },
  { name: "activity", kind: "choices", choices: ACTIVITIES, common: true },
  { name: "service", kind: "names", common: true },
  { name: "database", kind: "names", common: true },
  { name: "schema", kind: "names", common: true },
  { name: "owner", kind: "names", common: true },
  { name: "mine", kind: "yesNo", common: true },
  { name: "tag", kind: "names", common: true },
  { name: "tier", kind: "choices", choices: TIERS, common: true },
  { name: "minimumMonthlyCost", kind: "money", common: true },
  { name: "blocked", kind: "yesNo", common: true },
  { name: "zombie", kind: "yesNo", common: true },
  { name: "blocker", kind: "choices", choices: BLOCKERS },
  { name: "minimumSaving", kind: "money" },
  { name: "maximumMonthlyCost", kind: "money" },
  { name: "minimumBytes", kind: "bytes" },
  { name: "maximumBytes", kind: "bytes" },
  { name: "lastAccessedAfter", kind: "day" },
  { name: "lastAccessedBefore", kind: "day" },
  { name: "lastWrittenAfter", kind: "day" },
  { name: "lastWrittenBefore", kind: "day" },
  { name: "maximumQueries", kind: "count" },
  { name: "minimumPurgeScore", kind: "score" },
  { name: "maximumReturnRisk", kind: "share" },
  { name: "inUse", kind: "yesNo" },
  { name: "inUseThroughLineage", kind: "yesNo" },
  { name: "evidence", kind: "choices", choices: EVIDENCES },
  { name: "unknownReasons", kind: "choices", choices: UNKNOWN_REASONS },
  { name: "domain", kind: "names" },
  { name: "owned", kind: "yesNo" },
  { name: "ownedByNobody", kind: "yesNo" },
  { name: "formerOwner", kind: "names" },
  { name: "duplicate", kind: "yesNo" },
  { name: "growing", kind: "yesNo" },
  { name: "retention", kind: "yesNo" },
  { name: "series", kind: "names" },
  { name: "inSeries", kind: "yesNo" },
  { name: "oldParts", kind: "yesNo" },
  { name: "trial", kind: "yesNo" },
  { name: "absent", kind: "yesNo" },
] as const satisfies readonly Filter[];

export type FilterName = (typeof FILTERS)[number]["name"];
export type Filters = Partial<Record<FilterName, Value>>;

/** The names of a list that `listOf` wrote; empty ones are left out. */
export function parted(text: string): string[] {
  const names = [""];
  for (const [found] of text.matchAll(/\\[\s\S]|[\s\S]/g)) {
    if (found === ",") names.push("");
    else names[names.length - 1] += found.length > 1 && found.startsWith("\\") ? found.slice(1) : found;
  }
  return [...new Set(names.filter((each) => each !== ""))];
}

const MULTIPLES: Record<string, number> = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12, p: 1e15 };

/** What a text in an address or a field means for a filter; null where it means nothing. */
export function parse(filter: Filter, text: string): Value | null {
  const plain = text.trim();
  switch (filter.kind) {
    case "names":
      return orNull(parted(text));
    case "choices": {
      const chosen = parted(text);
      return chosen.every((each) => filter.choices?.includes(each)) ? orNull(chosen) : null;
    }
    case "yesNo":
      return plain === "true" ? true : plain === "false" ? false : null;
    case "money":
      return /^\d{1,15}(\.\d{1,6})?$/.test(plain) ? plain : null;
    case "bytes": {
      const found = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)b?$/i.exec(plain);
      const size = found ? Math.round(Number(found[1]) * (MULTIPLES[(found[2] ?? "").toLowerCase()] ?? 1)) : Number.NaN;
      return size <= Number.MAX_SAFE_INTEGER ? size : null;
    }
    case "count":
      return /^\d{1,9}$/.test(plain) ? Number(plain) : null;
    case "score":
      return within(plain, 10);
    case "share":
      return within(plain, 1);
    case "day":
      return isDay(plain) ? plain : null;
  }
}

function orNull(names: string[]): string[] | null {
  return names.length > 0 ? names : null;
}

function within(text: string, maximum: number): number | null {
  return /^\d{1,2}(\.\d{1,6})?$/.test(text) && Number(text) <= maximum ? Number(text) : null;
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const at = new Date(`${text}T00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}

/** A value as the address has it. */
export function written(value: Value): string {
  return Array.isArray(value) ? listOf(value) : String(value);
}
