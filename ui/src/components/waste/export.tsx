// The list as a file: the same columns, filters, search and sort, all pages.
import { bytes } from "../../format";
import { t } from "../../texts";
import { Csv } from "../csv";
import type { State } from "./address";
import { columnsNamed } from "./columns";

export function exportQuery({ filters, search, sort, dir, columns, collapse }: State): URLSearchParams {
  const query = new URLSearchParams({ sortBy: sort, sortDir: dir });
  if (search) query.set("search", search);
  for (const [name, value] of Object.entries(filters)) {
    for (const each of Array.isArray(value) ? value : [value]) query.append(name, String(each));
  }
  for (const name of ["fqn", ...columnsNamed(columns).map((each) => each.exported)]) query.append("columns", name);
  if (!collapse) return query;
  query.set("collapseSeries", "true");
  for (const name of ["seriesTables", "seriesMonthlyCost"]) query.append("columns", name);
  return query;
}

// A cell has about so many bytes, the name of a table some more.
const CELL = 12;
const NAME = 60;
const MANY = 5_000;

export function Export({ state, total, isCapped }: { state: State; total: number; isCapped: boolean }) {
  const size = bytes(total * (NAME + CELL * state.columns.length)) ?? "";
  const warning = isCapped ? t("waste.largeUnknown") : total > MANY ? t("waste.large", { size }) : null;
  return <Csv query={exportQuery(state)} how={t("waste.csvHow")} warning={warning} />;
}
