// What the overview is told, in one question.
import type { Owner, Verdict } from "../../types";

export const CHANGES = ["NEW", "BACK", "GONE", "GROWN", "GONE_QUIET", "WOKEN_UP"] as const;

export interface Score {
  score: number;
  status: "EXCELLENT" | "GOOD" | "FAIR" | "POOR" | "CRITICAL" | "NO_EVIDENCE" | "NO_DATA" | "PENDING";
  delta: number;
  coverage: number;
  components: { component: Part; value: number | null; weight: number; points: number }[];
  drivers: { component: Part; service: string; points: number }[];
}
export type Part = "STORAGE" | "COMPUTE" | "QUERY" | "OTHERS";

export interface Change {
  at: string;
  kind: (typeof CHANGES)[number];
  table: { fqn: string };
}

export interface Report {
  ziScore: Score;
  healthScoreHistory: { edges: { node: { bucketStart: string; score: number } }[] };
  estate: { refreshedAt: string; stale: boolean; warnings: string[]; total: { tables: number; monthlyCost: string } };
  unlockPlan: { released: string; blocked: string };
  verdicts: { bestSavings: Opportunity[] };
  savings: { realizedUsd: string; projectedUsd: string };
  verdictQuality: Quality;
  policyHistory: { setBy: string | null; setAt: string | null }[];
  actionRules: { name: string; setBy: string; setAt: string }[];
  actionItems: { edges: { node: { resolvedAt: string | null } }[] };
  changes: { edges: { node: Change }[]; pageInfo: { hasNextPage: boolean } };
}

export interface Opportunity {
  fqn: string;
  owners: Owner[];
  verdict: { recommendation: Verdict; saving: string | null };
}

export interface Quality {
  verdicts: number;
  regrets: number;
  rate: number | null;
  lower: number | null;
  upper: number | null;
  standing: number;
}
