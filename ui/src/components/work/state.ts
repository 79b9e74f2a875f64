// What the address says of the view: whose items, which, in what shape, and the one that is open. All of it can be shared.
import { addressOf, change, go, place } from "../../router";
import { CATEGORIES, PRIORITIES, STATUSES } from "./item";

export const SCOPES = ["mine", "teams", "all"] as const;
export type Scope = (typeof SCOPES)[number];
export const SORTS = ["updatedAt", "createdAt", "title", "status"] as const;
export const FLAGS = ["overdue", "staged", "alerted", "snoozed", "unassigned"] as const;
export type Flag = (typeof FLAGS)[number];

export interface State {
  scope: Scope;
  shape: "list" | "board";
  status: string[];
  category: string[];
  priority: string[];
  service: string;
  search: string;
  campaign: number | null;
  flags: Flag[];
  sort: (typeof SORTS)[number];
  dir: "asc" | "desc";
  after: string | null;
  before: string | null;
  item: number | null;
  task: string | null;
}

/** What cannot be read is left out. */
export function stateOf(params: URLSearchParams): State {
  const some = <Value extends string>(name: string, known: readonly Value[]): Value[] => {
    const named = (params.get(name) ?? "").split(",");
    return known.filter((each) => named.includes(each));
  };
  const number = (name: string) => (/^\d{1,9}$/.test(params.get(name) ?? "") ? Number(params.get(name)) : null);
  return {
    scope: some("scope", SCOPES)[0] ?? "all",
    shape: params.get("shape") === "board" ? "board" : "list",
    status: some("status", STATUSES),
    category: some("category", CATEGORIES),
    priority: some("priority", PRIORITIES),
    service: params.get("service") ?? "",
    search: params.get("search") ?? "",
    campaign: number("campaign"),
    flags: some("only", FLAGS),
    sort: some("sort", SORTS)[0] ?? "updatedAt",
    dir: params.get("dir") === "asc" ? "asc" : "desc",
    after: params.get("after"),
    before: params.get("before"),
    item: number("item"),
    task: params.get("do"),
  };
}

/** The filter of the API; `caller` is the name by which items are assigned. */
export function filterOf(state: State, caller: string): Record<string, unknown> {
  const { flags } = state;
  return {
    ...(state.scope === "mine" ? { assignee: [caller] } : state.scope === "teams" ? { mine: true } : {}),
    // A list of work is one of what is to be done, unless it is asked for what was.
    status: state.status.length > 0 ? state.status : state.shape === "board" ? [...STATUSES] : ["OPEN", "IN_PROGRESS"],
    ...(state.category.length > 0 ? { category: state.category } : {}),
    ...(state.priority.length > 0 ? { priority: state.priority } : {}),
    ...(state.service ? { service: [state.service] } : {}),
    ...(state.search ? { search: state.search } : {}),
    ...(state.campaign === null ? {} : { campaign: state.campaign }),
    snoozed: flags.includes("snoozed"),
    ...(flags.includes("overdue") ? { overdue: true } : {}),
    ...(flags.includes("staged") ? { staged: true } : {}),
    ...(flags.includes("alerted") ? { alerted: true } : {}),
    ...(flags.includes("unassigned") ? { unassigned: true } : {}),
  };
}

/** Other filters: the list begins anew. */
export function choose(params: Record<string, string | null>): void {
  change({ after: null, before: null, ...params });
}

/** The address with an item open beside the list; `task` is what is to be done with it first. */
export function addressOfItem(item: number | null, task: string | null = null): string {
  const { view, params } = place.value;
  return addressOf(view, { ...Object.fromEntries(params), item: item === null ? null : String(item), do: task });
}

/** Opens an item beside the list, or none; the reader stays where they are. */
export function openItem(item: number | null, task: string | null = null): void {
  go(addressOfItem(item, task), item === null ? "replace" : "push", true);
}
