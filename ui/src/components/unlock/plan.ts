// What the unlock plan holds, and which tables of the waste view a group of it is about.
import { listOf } from "../../router";
import type { Owner } from "../../types";

export const STATES = ["RELEASED", "BLOCKED", "STAYS", "UNKNOWN_COST"] as const;
export const ACTORS = ["OM_ADMINISTRATOR", "ADMINISTRATOR", "OWNER", "STEWARD", "TIME"] as const;
export type UnlockState = (typeof STATES)[number];
export type Actor = (typeof ACTORS)[number];

export interface Alternative {
  kind: "APPROVE_REMOVAL" | "TRIAL";
  tables: number;
  monthlyCost: string;
  releasesAtMost: string;
  action: string;
  actor: Actor;
}

export interface Group {
  state: UnlockState;
  reason: Reason;
  service: string | null;
  database: string | null;
  owners: Owner[];
  tables: number;
  tablesOfUnknownCost: number;
  monthlyCost: string;
  releasesAtMost: string | null;
  action: string;
  actor: Actor;
  from: string | null;
  alternatives: Alternative[];
}

export interface Plan {
  refreshedAt: string;
  stale: boolean;
  warnings: string[];
  monthlyCost: string;
  released: string;
  stays: string;
  blocked: string;
  tables: number;
  tablesOfUnknownCost: number;
  groupCount: number;
  groups: Group[];
}

type Filter = Record<string, string>;

// Unused tables, where a reason alone would find those in use as well.
const IDLE: Filter = { activity: "STALE,DORMANT" };
const blocker = (code: string): Filter => ({ ...IDLE, blocker: code });
const unknown = (reason: string): Filter => ({ unknownReasons: reason, inUseThroughLineage: "false" });

/** By reason the conditions on tables that come closest to it; null where there are none. */
const FILTERS = {
  DELETE: { verdict: "DELETE" },
  ARCHIVE: { verdict: "ARCHIVE" },
  STOP_REFRESH: { verdict: "STOP_REFRESH" },
  STILL_WRITTEN: { verdict: "STOP_REFRESH" },
  NO_FEED: unknown("NO_FEED"),
  UNREADABLE: unknown("UNREADABLE"),
  UNDATED: unknown("UNDATED"),
  FEW_DAYS: unknown("FEW_DAYS"),
  AGE: unknown("AGE"),
  KEPT_BY_OWNER: { blocker: "KEPT_BY_OWNER" },
  ACTIVE_DOWNSTREAM: { ...blocker("ACTIVE_DOWNSTREAM"), inSeries: "true" },
  CRITICAL_TIER: blocker("CRITICAL_TIER"),
  PROTECTED_TAG: blocker("PROTECTED_TAG"),
  IN_DATA_PRODUCT: blocker("IN_DATA_PRODUCT"),
  UNKNOWN_DOWNSTREAM: blocker("UNKNOWN_DOWNSTREAM"),
  EVIDENCE_INCOMPLETE: blocker("EVIDENCE_INCOMPLETE"),
  FEED_SILENT: blocker("FEED_SILENT"),
  CALIBRATION_OFF: blocker("CALIBRATION_OFF"),
  MASS_ABSENCE: blocker("MASS_ABSENCE"),
  CARED_FOR: blocker("CARED_FOR"),
  SHORT_HISTORY: blocker("SHORT_HISTORY"),
  NO_LINEAGE: blocker("NO_LINEAGE"),
  EVIDENCE_PARTIAL: blocker("EVIDENCE_PARTIAL"),
  RETURN_RISK: blocker("RETURN_RISK"),
  SERIES: { ...IDLE, inSeries: "true", verdict: "REVIEW" },
  MINIMUM_IDLE_DAYS: { ...IDLE, verdict: "REVIEW" },
  WITHOUT_STORAGE: { ...IDLE, maximumMonthlyCost: "0" },
  WITHOUT_PLAN: null,
  UNKNOWN_COST: null,
} as const satisfies Record<string, Filter | null>;
export type Reason = keyof typeof FILTERS;

/** The filter of the waste view that comes closest to a group, as parameters of its address; null where none does. */
export function tablesOf(group: Group): Filter | null {
  const found: Filter | null = FILTERS[group.reason] ?? null;
  const whose: Filter = {};
  if (group.service !== null && group.database !== null) whose.database = listOf([fqn([group.service, group.database])]);
  else if (group.service !== null) whose.service = listOf([group.service]);
  else if (group.owners.length > 0) whose.owner = listOf(group.owners.map((owner) => `${owner.type}:${owner.name}`));
  else if (group.actor === "STEWARD") whose.owned = "false";
  if (found === null && whose.service === undefined && whose.database === undefined) return null;
  return { ...found, ...whose };
}

/** A fully qualified name, quoted as OpenMetadata quotes it. */
function fqn(names: string[]): string {
  return names.map((name) => (/[."]/.test(name) ? `"${name.replace(/"/g, '""')}"` : name)).join(".");
}

/** What to set in OpenMetadata or ThirdEye that may release the most; null where nothing does. */
export function lever(groups: Group[]): Group | null {
  const settable = groups.filter((each) => each.actor === "OM_ADMINISTRATOR" || each.actor === "ADMINISTRATOR");
  const releases = (group: Group) => Number(group.releasesAtMost ?? 0);
  const most = settable.reduce<Group | null>((best, each) => (best && releases(best) >= releases(each) ? best : each), null);
  return most && releases(most) > 0 ? most : null;
}
