// What the view asks, by what its address says.
import type { State } from "./address";

export const LIST = "list_table_rows";
export const MAP = "get_cost_map";
const ROWS = 50;
const TILES = 60;

export function listQuestion(state: State, after: string | null, before: string | null): Record<string, unknown> {
  return {
    filter: state.filters,
    search: state.search || null,
    sortBy: state.sort,
    sortDir: state.dir,
    ...(before === null ? { first: ROWS, after } : { last: ROWS, before }),
    blockers: state.columns.includes("blockers"),
    collapseSeries: state.collapse,
  };
}

export function mapQuestion(state: State): Record<string, unknown> {
  const { service, database } = pathOf(state);
  return { service, database, first: TILES };
}

/** Where the map stands, by the filters: the path that it shows, and which part of it is chosen. */
export function pathOf({ filters }: State): { service: string | null; database: string | null; schema: string | null } {
  const only = (value: unknown) => (Array.isArray(value) && value.length === 1 ? String(value[0]) : null);
  const service = only(filters.service);
  const database = service === null ? null : only(filters.database);
  return { service, database, schema: database === null ? null : only(filters.schema) };
}
