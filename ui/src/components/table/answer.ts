// What `get_table_page` answers.
import type { Owner, Verdict } from "../../types";

export interface Asset {
  id: string;
  kind: string;
  name: string | null;
  fqn: string | null;
  inUse: boolean;
  removed?: boolean;
}

export interface Node {
  distance: number;
  asset: Asset;
}

/** From what is nearer to what is farther, by id. */
export interface Edge {
  from: string;
  to: string;
}

export interface Step {
  stage: Stage;
  what: string;
  wayBack: string;
  waitingDays: number;
  statements: string[];
  undo: string[];
}

export type Stage = "ANNOUNCED" | "RESTRICTED" | "ARCHIVED" | "DROPPED";
export type Rung = "NOBODY_LOOKS" | "WATCHED" | "ESTATES_AT_LARGE" | "MOSTLY_OWN_HISTORY" | "OWN_HISTORY";

/** What a person said of a table, and until when it holds. */
export interface Decision {
  reason: string;
  by: string;
  at: string;
  until: string;
}

export interface Risk {
  value: number | null;
  expected: number | null;
  like: number;
  returned: number;
  ownShare: number;
  seasonUnseen: boolean;
  basedOnDays: number;
  fromDownstream: boolean;
}

export interface Blocker {
  code: string;
  detail: string;
  assets: Node[];
}

export interface VerdictOfTable {
  recommendation: Verdict;
  confidence: number | null;
  saving: string | null;
  keptAfterDrop: string | null;
  reasons: string[];
  effort: "LOW" | "MEDIUM" | "HIGH" | null;
  lookBackDays: number;
  signsOfCare: string[];
  ladder: { rung: Rung; missingDays: number | null; next: string };
  undo: { stage: Stage; possible: boolean | null; days: number | null; how: string }[];
  purgeScore: { value: number } | null;
  returnRisk: Risk | null;
  blockers: Blocker[];
  keep: Decision | null;
  approval: Decision | null;
  trial: { action: string; days: number; steps: Step[] } | null;
}

export interface Series {
  name: string;
  fqn: string;
  tables: number;
  inUse: boolean;
  lastAccessed: string | null;
  sizeBytes: string | number;
  monthlyCost: string;
  oldParts: number;
  oldPartsMonthlyCost: string | null;
  reason: string;
  table: { fqn: string } | null;
}

/** A day in UTC; `used` is null where nobody can tell. */
export interface TableDay {
  day: string;
  watched: boolean;
  used: boolean | null;
}

export interface TableOfPage {
  id: string;
  fqn: string;
  name: string;
  displayName: string | null;
  service: string;
  serviceType: string | null;
  database: string | null;
  schema: string | null;
  tableType: string | null;
  described: boolean;
  owners: Owner[];
  ownedByNobody: boolean;
  formerOwners: Owner[];
  tier: string | null;
  suggestedTier: string | null;
  tags: string[];
  suggestedTags: string[];
  columnTags: string[];
  inheritedTags: string[];
  dataProducts: string[];
  dataContracts: string[];
  domains: string[];
  sizeBytes: string | number | null;
  storageCost: string | null;
  queryCost: string | null;
  monthlyCost: string | null;
  usdPerGbMonth: string;
  longTermRate: boolean;
  priceBasis: "LIST" | "OWN" | "MIXED";
  storagePrice: { serviceType: string; service: string | null; effectiveFrom: string; source: string | null; sourceDate: string | null };
  created: string | null;
  knownSince: string | null;
  lastAccessed: string | null;
  lastWritten: string | null;
  queries30d: number;
  firstUse: string | null;
  lastUse: string | null;
  daysOfUse: number;
  longestPauseDays: number;
  idleDays: number | null;
  evidence: "QUERIES" | "LIFECYCLE" | "METADATA" | "NONE";
  activity: string;
  activityReason: string;
  unknownReason: string | null;
  observation: { days: number; watchedDays: number; note: string | null } | null;
  lastDays: TableDay[];
  inUse: boolean;
  zombie: boolean;
  absentSince: string | null;
  removedAt: string | null;
  url: string | null;
  refreshedAt: string;
  stale: boolean;
  warnings: string[];
  series: Series | null;
  verdict: VerdictOfTable;
}
