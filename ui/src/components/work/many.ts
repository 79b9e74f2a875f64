// Many items at once: what they are like, the parts in which they are changed, and how a change of them is taken back.
import { ask } from "../../api";
import { newKey } from "../../write";
import { undoOf } from "./change";
import { inDays, type Changes, type Item } from "./item";

// The most ids that the API takes in one filter.
const AT_ONCE = 1000;
type Filter = Record<string, unknown>;

/** What `undoOf` looks at. */
export type State = Pick<
  Item,
  "id" | "version" | "status" | "priority" | "resolution" | "resolutionReason" | "assignee" | "assigneeKind" | "dueDate" | "snoozedUntil" | "snoozed" | "alert" | "title"
>;

interface States {
  actionItems: { edges: { node: State }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
}

/** All items that a filter matches. */
export async function statesOf(filter: Filter, signal: AbortSignal): Promise<State[]> {
  const states: State[] = [];
  for (let after: string | null = null; ; ) {
    const { actionItems }: States = await ask<States>("list_work_ids", { filter, after }, signal);
    states.push(...actionItems.edges.map(({ node }) => node));
    if (!actionItems.pageInfo.hasNextPage) return states;
    after = actionItems.pageInfo.endCursor;
  }
}

/** Items that get the same change in one request, which is made as a whole or not at all. */
export interface Part {
  filter: Filter & { ids: number[] };
  changes: Changes;
  matched: number;
  key: string;
}

export interface Looked {
  parts: Part[];
  changed: number;
}

interface Result {
  updateActionItems: { matched: number; changed: number; done: boolean };
}

/** What a change of these items would do; nothing is changed. */
export async function look(filter: Filter, ids: number[], changes: Changes, signal: AbortSignal): Promise<Looked> {
  const looked: Looked = { parts: [], changed: 0 };
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    const part = { ...filter, ids: ids.slice(start, start + AT_ONCE) };
    const { updateActionItems: found } = await ask<Result>("update_action_items", { filter: part, changes }, signal);
    looked.parts.push({ filter: part, changes, matched: found.matched, key: newKey() });
    looked.changed += found.changed;
  }
  return looked;
}

/** Makes what was looked at. */
export async function make({ filter, changes, matched, key }: Part, signal: AbortSignal): Promise<void> {
  await ask<Result>("update_action_items", { filter, changes, expectedCount: matched }, signal, key);
}

/** What takes a change of many back: by item the version that it left, and the fields that give the earlier values. */
export interface UndoMany {
  items: { id: number; version: number; undo: Changes }[];
  /** How many cannot be given back what they had. */
  lost: number;
}

/** `before`: the items as they were before `changes`. */
export function undoManyOf(before: State[], changes: Changes): UndoMany {
  const items = before.flatMap((item) => {
    const undo = undoOf(item, changes);
    // The API takes no day that has passed.
    if (undo === null || (undo.dueDate && undo.dueDate < inDays(0))) return [];
    // Nor a moment; whatever was snoozed until then is awake either way.
    if (undo.snoozedUntil && !item.snoozed) undo.snoozedUntil = null;
    return [{ id: item.id, version: item.version + 1, undo }];
  });
  return { items, lost: before.length - items.length };
}

export interface LookedBack extends Looked {
  /** How many somebody changed, or deleted, meanwhile: they stay as they are. */
  overtaken: number;
}

/** What taking a change back would do: of each item only if nobody changed it since. */
export async function lookBack({ items }: UndoMany, signal: AbortSignal): Promise<LookedBack> {
  const now = new Map<number, number>();
  for (let start = 0; start < items.length; start += AT_ONCE) {
    const ids = items.slice(start, start + AT_ONCE).map(({ id }) => id);
    for (const { id, version } of await statesOf({ ids }, signal)) now.set(id, version);
  }
  const looked: LookedBack = { parts: [], changed: 0, overtaken: 0 };
  const groups = new Map<string, number[]>();
  for (const { id, version, undo } of items) {
    // What had the new value before was not changed at all.
    if (now.get(id) === version - 1) continue;
    if (now.get(id) !== version) looked.overtaken += 1;
    else groups.set(JSON.stringify(undo), [...(groups.get(JSON.stringify(undo)) ?? []), id]);
  }
  for (const [undo, ids] of groups) {
    const { parts, changed } = await look({}, ids, JSON.parse(undo) as Changes, signal);
    looked.parts.push(...parts);
    looked.changed += changed;
  }
  return looked;
}
