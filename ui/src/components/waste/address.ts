// What the address says of the list: filters, search, sort, columns, page. All of it can be shared.
import { addressOf, place } from "../../router";
import { COLUMNS, type ColumnName, DEFAULT_COLUMNS } from "./columns";
import { FILTERS, type FilterName, type Filters, parse, parted } from "./filters";

export const SORTS = ["cost", "saving", "size", "lastAccess", "lastWrite", "queries", "name", "purgeScore", "returnRisk"] as const;
export type Sort = (typeof SORTS)[number];
export type Direction = "asc" | "desc";
export type Parameter = FilterName | "search" | "sort" | "dir" | "columns" | "collapse" | "after" | "before";

export interface State {
  filters: Filters;
  search: string;
  sort: Sort;
  dir: Direction;
  columns: ColumnName[];
  /** Whether a table series has one row. */
  collapse: boolean;
  after: string | null;
  before: string | null;
  /** Parameters that say nothing that can be understood; they are left out. */
  unreadable: { name: Parameter; text: string }[];
}

export function stateOf(params: URLSearchParams): State {
  const unreadable: State["unreadable"] = [];
  /** The value of a parameter, read by `read`: undefined if there is none, or none that can be read. */
  const value = <Read>(name: Parameter, read: (text: string) => Read | null): Read | undefined => {
    const text = params.get(name);
    if (text === null || text === "") return undefined;
    const found = read(text);
    if (found === null) unreadable.push({ name, text });
    return found ?? undefined;
  };
  const filters: Filters = {};
  for (const filter of FILTERS) {
    const found = value(filter.name, (text) => parse(filter, text));
    if (found !== undefined) filters[filter.name] = found;
  }
  const sort = value("sort", (text) => SORTS.find((each) => each === text) ?? null) ?? "cost";
  return {
    filters,
    search: params.get("search") ?? "",
    sort,
    dir: value("dir", (text) => (text === "asc" || text === "desc" ? text : null)) ?? usualDirection(sort),
    columns: value("columns", columnsOf) ?? [...DEFAULT_COLUMNS],
    collapse: value("collapse", (text) => (text === "true" ? true : null)) ?? false,
    after: params.get("after") || null,
    before: params.get("before") || null,
    unreadable,
  };
}

/** Columns in the order of the list; "none" is none. */
function columnsOf(text: string): ColumnName[] | null {
  const names = text === "none" ? [] : parted(text);
  const known = COLUMNS.filter((each) => names.includes(each.name)).map((each) => each.name);
  return known.length === names.length ? known : null;
}

/** Names begin with A, all else with the most. */
export function usualDirection(sort: Sort): Direction {
  return sort === "name" ? "asc" : "desc";
}

export type Changes = Partial<Record<Parameter, string | null>>;

/** The address with other parameters. Another list begins at its start: only what changes nothing of it keeps the page. */
export function addressWith(changes: Changes): string {
  const { view, params } = place.value;
  const isSameList = Object.keys(changes).every((each) => each === "columns" || each === "after" || each === "before");
  const start: Changes = isSameList ? {} : { after: null, before: null };
  return addressOf(view, { ...Object.fromEntries(params), ...start, ...changes });
}
