// What was promised and what was measured, as the view of savings asks for it. Amounts are USD a month.
export interface Group {
  key: string;
  projectedUsd: string;
  realizedUsd: string;
  tables: number;
}

export interface Saved {
  from: string;
  to: string;
  projectedUsd: string;
  realizedUsd: string;
  baselineUsd: string;
  tables: number;
  unproven: number;
  openUsd: string;
  groups: Group[];
}

export interface Campaign {
  id: number;
  name: string;
  owner: string;
  ownerKind: "USER" | "TEAM" | null;
  /** The tables whose items join it, as JSON. */
  filter: string | null;
  version: number;
  goalUsd: string | null;
  dueDate: string | null;
  closedAt: string | null;
  progress: { items: number; doneItems: number; droppedItems: number; projectedUsd: string; realizedUsd: string; share: number | null };
}

export interface SavingsPage {
  months: Saved;
  services: Saved;
  owners: Saved;
  byCampaign: Saved;
  lastMonth: Pick<Saved, "projectedUsd" | "realizedUsd" | "tables" | "unproven">;
  campaigns: Campaign[];
}

/** The first and last day of the month before the one of `now`, in UTC. */
export function lastMonth(now = new Date()): { from: string; to: string } {
  const day = (month: number, date: number) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + month, date)).toISOString().slice(0, 10);
  return { from: day(-1, 1), to: day(0, 0) };
}
