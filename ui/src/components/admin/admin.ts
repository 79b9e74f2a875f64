// What administrators see and set, as the view asks for it. Amounts are USD.
import type { Said } from "./uncounted_use";

export interface Run {
  id: number;
  kind: string;
  phase: string;
  seen: number;
  changed: number;
  requestedBy: string | null;
  startedAt: string;
  finishedAt: string | null;
  error: string | null;
  warnings: { code: string; count: number; example: string; examples: string[] }[];
}

export interface Confirmed {
  reason: string;
  by: string;
  at: string;
}

export interface Feed {
  name: string | null;
  tables: number;
  evidence: string;
  state: string;
  newestWatched: string | null;
  coverage: number | null;
  observedDays: number;
  problems: string[];
  advice: string[];
  confirmed: Confirmed | null;
}

export interface Service {
  name: string;
  type: string | null;
  tables: number;
  feed: { sizedShare: number | null; ownedShare: number | null; state: string; evidence: string; newestUsage: string | null };
}

export interface Rule {
  id: number;
  name: string;
  category: string;
  priority: string;
  position: number;
  filter: string;
  maximumItems: number;
  enabled: boolean;
  version: number;
  setBy: string;
  setAt: string;
}

export interface Price {
  serviceType: string;
  service: string | null;
  usdPerGbMonth: string;
  longTermUsdPerGbMonth: string | null;
  longTermDays: number | null;
  effectiveFrom: string;
  basis: string;
  source: string | null;
  sourceDate: string | null;
  setBy: string;
}

export interface Administered {
  refreshRuns: { edges: { node: Run }[] };
  services: Service[];
  actionRules: Rule[];
  storagePrices: Price[];
  uncountedUse: Said;
}

const ENDED: readonly string[] = ["DONE", "FAILED"];

export function isUnderWay(run: Run | undefined): boolean {
  return run !== undefined && !ENDED.includes(run.phase);
}
