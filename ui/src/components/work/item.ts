// An action item as the view of work knows it.
export const STATUSES = ["OPEN", "IN_PROGRESS", "DONE"] as const;
export type Status = (typeof STATUSES)[number];
export const CATEGORIES = ["PURGE", "ARCHIVE", "STOP_REFRESH", "REVIEW_EXPENSIVE", "ASSIGN_OWNER", "DEDUPLICATE", "SET_RETENTION"] as const;
export type Category = (typeof CATEGORIES)[number];
export const PRIORITIES = ["URGENT", "HIGH", "MEDIUM", "LOW"] as const;
export type Priority = (typeof PRIORITIES)[number];
export const STAGES = ["ANNOUNCED", "RESTRICTED", "ARCHIVED", "DROPPED"] as const;
export type Stage = (typeof STAGES)[number];
/** Items of these categories end a table, in stages. */
export const REMOVALS: readonly string[] = ["PURGE", "ARCHIVE", "DEDUPLICATE"];

export interface Item {
  id: number;
  title: string;
  status: Status;
  version: number;
  category: string | null;
  priority: string | null;
  updatedAt: string;
  table: { fqn: string } | null;
  resolution: string | null;
  resolutionReason: string | null;
  assignee: string | null;
  assigneeKind: "USER" | "TEAM" | null;
  dueDate: string | null;
  overdue: boolean;
  snoozedUntil: string | null;
  snoozed: boolean;
  stage: Stage | null;
  stageSince: string | null;
  stageUntil: string | null;
  alert: string | null;
  projectedSavingUsd: string | null;
  mayChange: boolean;
}

export interface WholeItem extends Item {
  table: { fqn: string; url: string | null } | null;
  detected: boolean;
  createdBy: string | null;
  createdAt: string;
  resolvedAt: string | null;
  assigneeWarning: string | null;
  realizedSavingUsd: string;
  savingNote: string | null;
  comments: { at: string; by: string; text: string }[];
  history: { id: number; at: string; by: string; byBot: boolean; kind: string; changes: Changed[] }[];
  campaigns: { id: number; name: string }[];
}

export interface Changed {
  field: string;
  before: string | null;
  after: string | null;
}

export interface Page {
  edges: { node: Item }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
  totalCount: number;
}

/** What a change gives new values, by the names of `updateActionItem`. */
export type Changes = Record<string, string | null>;

const LONGEST_TEXT = 1000;

/** Whether a text is one to a thousand characters, as the API counts them. */
export function isText(text: string, shortest = 1): boolean {
  const { length } = [...text.trim()];
  return length >= shortest && length <= LONGEST_TEXT;
}

/** A day in UTC, as the server counts them. */
export function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

/** Whole days from today to a day; negative for one that has passed. */
export function daysUntil(day: string): number {
  return Math.round((Date.parse(day) - Date.parse(inDays(0))) / 86_400_000);
}
