// A change of one item: sent on top of the version that is on the screen, and how it is taken back.
import { useState } from "preact/hooks";
import { useWrite, type Write } from "../../write";
import type { Changes, Item } from "./item";
import type { State, UndoMany } from "./many";

/** What can be sent to take a change back; null where the API has no way. */
export interface Undo {
  operation: string;
  variables: Record<string, unknown>;
}

/** What is said of a change that was made, and how it is taken back. */
export type WhenDone = (text: string, undo: Undo | UndoMany | null) => void;

/** The fields that give an item its values of before `changes`; null where one cannot be given back. */
export function undoOf(before: State, changes: Changes): Changes | null {
  const undo: Changes = {};
  const names = new Set(Object.keys(changes));
  if (names.has("status") || names.has("resolution")) {
    // An alert that an end took away is not given back by anybody.
    if (before.alert !== null && "resolution" in changes) return null;
    if (before.status !== "DONE") undo.status = before.status;
    else if (before.resolution === "OBSOLETE") return null;
    else Object.assign(undo, { resolution: before.resolution, resolutionReason: before.resolutionReason });
    // Whatever ends an item wakes it, and forgets why it needed attention.
    if (before.snoozedUntil !== null && before.snoozed) undo.snoozedUntil = before.snoozedUntil;
  }
  if (names.has("assignee")) {
    undo.assignee = before.assignee;
    if (before.assignee !== null && before.assigneeKind !== null) undo.assigneeKind = before.assigneeKind;
  }
  // The API gives a priority, and takes none away.
  if (names.has("priority") && before.priority === null) return null;
  for (const name of ["title", "priority", "dueDate", "snoozedUntil"] as const) if (names.has(name)) undo[name] = before[name];
  return undo;
}

// By item the newest version that this tab made: the answer to it comes before the item is asked again, and whoever is quick
// would meet a change of their own.
const made = new Map<number, number>();

export interface ItemChange extends Write {
  /** The change that met another one, and what that made of the item. */
  conflict: { mine: Changes; theirs: Record<string, unknown> } | null;
  change: (item: Item, changes: Changes, said: string, version?: number) => Promise<Item | null>;
}

export function useItemChange(whenDone: WhenDone): ItemChange {
  const write = useWrite();
  const [tried, setTried] = useState<Changes | null>(null);
  const change = async (item: Item, changes: Changes, said: string, version = Math.max(item.version, made.get(item.id) ?? 0)) => {
    setTried(changes);
    const data = await write.send<{ updateActionItem: Item }>("update_action_item", { id: item.id, version, ...changes });
    if (data === null) return null;
    setTried(null);
    made.set(item.id, data.updateActionItem.version);
    const undo = undoOf(item, changes);
    const variables = { id: item.id, version: data.updateActionItem.version, ...undo };
    whenDone(said, undo && { operation: "update_action_item", variables });
    return data.updateActionItem;
  };
  const theirs = write.problem?.kind === "conflict" ? write.problem.current : null;
  return { ...write, change, conflict: tried !== null && theirs !== null ? { mine: tried, theirs } : null };
}
