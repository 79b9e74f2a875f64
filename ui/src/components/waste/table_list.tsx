// The tables, a page at a time: the page after and the one before are asked ahead.
import { useEffect, useRef } from "preact/hooks";
import { day, money } from "../../format";
import { askAhead, type Query, useQuery } from "../../query";
import { addressOf } from "../../router";
import { t } from "../../texts";
import { Answer, Card, Freshness, Link, Name } from "../basics";
import { type Sort, type State, usualDirection } from "./address";
import { ColumnChoice } from "./column_choice";
import { columnsNamed, type Row } from "./columns";
import { Export } from "./export";
import { withoutFilters } from "./filter_panel";
import { LIST, listQuestion } from "./questions";
import { useShown } from "./shown";
import { choose, Stay } from "./stay";
import { WayOn } from "./way_on";

interface Tables {
  tables: {
    edges: { node: Row }[];
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
    totalCount: number;
    totalCountIsCapped: boolean;
    refreshedAt: string;
    stale: boolean;
    warnings: string[];
  };
}

export function TableList({ state }: { state: State }) {
  const question = listQuestion(state, state.after, state.before);
  const query = useQuery<Tables>(LIST, question);
  useNeighbours(state, query);
  const { shown, isOld } = useShown(query);
  const top = useTop(`${state.after} ${state.before}`);
  return (
    <div ref={top} class="list-top">
      <Card title={t("waste.tables")} aside={shown.data && <Tools state={state} tables={shown.data.tables} />}>
        <Answer query={shown} lines={20}>
          {({ tables }) => (
            <div class={isOld ? "rows old" : "rows"} aria-busy={isOld}>
              {tables.edges.length === 0 ? <Nothing state={state} /> : <Rows state={state} rows={tables.edges} />}
              <Pages {...tables.pageInfo} />
              <Freshness {...tables} />
            </div>
          )}
        </Answer>
        <WayOn problem={query.problem} />
      </Card>
    </div>
  );
}

/** Asks for the pages beside this one once it is there. */
function useNeighbours(state: State, { data, loading }: Query<Tables>): void {
  const info = loading ? null : (data?.tables.pageInfo ?? null);
  const { hasNextPage, hasPreviousPage, startCursor, endCursor } = info ?? {};
  const list = JSON.stringify(listQuestion(state, null, null));
  useEffect(() => {
    const controller = new AbortController();
    if (hasNextPage && endCursor) askAhead(LIST, listQuestion(state, endCursor, null), controller.signal);
    if (hasPreviousPage && startCursor) askAhead(LIST, listQuestion(state, null, startCursor), controller.signal);
    return () => controller.abort();
  }, [list, hasNextPage, hasPreviousPage, startCursor, endCursor]);
}

/** Where the list begins, which another page of it is read from. */
function useTop(page: string) {
  const top = useRef<HTMLDivElement>(null);
  const before = useRef(page);
  useEffect(() => {
    if (before.current !== page && (top.current?.getBoundingClientRect().top ?? 0) < 0) top.current?.scrollIntoView();
    before.current = page;
  }, [page]);
  return top;
}

function Tools({ state, tables }: { state: State; tables: Tables["tables"] }) {
  const { totalCount, totalCountIsCapped } = tables;
  return (
    <div class="tools">
      <span class="muted" role="status">
        {totalCountIsCapped ? t("waste.moreThan", { count: totalCount }) : t("tables", { count: totalCount })}
      </span>
      <label>
        <input type="checkbox" checked={state.collapse} onChange={() => choose({ collapse: state.collapse ? null : "true" })} />{" "}
        {t("waste.collapse")}
      </label>
      <ColumnChoice chosen={state.columns} />
      {totalCount > 0 && <Export state={state} total={totalCount} isCapped={totalCountIsCapped} />}
    </div>
  );
}

function Nothing({ state }: { state: State }) {
  const isNarrowed = Object.keys(state.filters).length > 0 || state.search !== "";
  if (!isNarrowed && state.after === null && state.before === null) return <p>{t("emptyEstate")}</p>;
  return (
    <p class="way-on">
      {t("waste.nothingMatches")} <Stay changes={{ ...withoutFilters(), after: null, before: null }}>{t("waste.dropAll")}</Stay>
    </p>
  );
}

function Rows({ state, rows }: { state: State; rows: { node: Row }[] }) {
  const columns = columnsNamed(state.columns);
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label={t("waste.tables")}>
      <table class="tables">
        <thead>
          <tr>
            <Head state={state} sort="name" text={t("table")} />
            {columns.map((each) => (
              <Head key={each.name} state={state} sort={each.sort} text={t(`waste.column.${each.name}`)} isNumber={each.number} />
            ))}
          </tr>
        </thead>
        <tbody>
          {/* Rows of the next page take the places of those before, which is a third of the work and leaves nothing behind. */}
          {rows.map(({ node }, place) => (
            <tr key={place}>
              <th scope="row">
                <Link to={addressOf("table", { fqn: node.fqn })}>
                  <Name text={node.fqn} />
                </Link>
                {node.series && (
                  <span class="muted small">
                    {" "}
                    {t("waste.seriesOf", { count: node.series.tables, cost: money(node.series.monthlyCost) ?? "" })}
                  </span>
                )}
                {node.absentSince && (
                  <span class="muted small"> {t("waste.absent", { day: day(node.absentSince.slice(0, 10)) ?? "" })}</span>
                )}
              </th>
              {columns.map((each) => (
                <td key={each.name} class={each.number ? "number" : undefined}>
                  {each.cell(node)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface HeadProps {
  state: State;
  sort: Sort | undefined;
  text: string;
  isNumber?: true | undefined;
}

function Head({ state, sort, text, isNumber }: HeadProps) {
  const style = isNumber ? "number" : undefined;
  if (sort === undefined) {
    return (
      <th scope="col" class={style}>
        {text}
      </th>
    );
  }
  const isSorted = state.sort === sort;
  const dir = isSorted ? (state.dir === "asc" ? "desc" : "asc") : usualDirection(sort);
  return (
    <th scope="col" class={style} aria-sort={isSorted ? (state.dir === "asc" ? "ascending" : "descending") : undefined}>
      <Stay class="sort" changes={{ sort: sort === "cost" ? null : sort, dir: dir === usualDirection(sort) ? null : dir }} title={t("waste.sortBy", { name: text })}>
        {text}
        {isSorted && <span aria-hidden="true">{state.dir === "asc" ? " ↑" : " ↓"}</span>}
      </Stay>
    </th>
  );
}

function Pages({ hasNextPage, hasPreviousPage, startCursor, endCursor }: Tables["tables"]["pageInfo"]) {
  if (!hasNextPage && !hasPreviousPage) return null;
  return (
    <nav class="pages" aria-label={t("waste.pages")}>
      {hasPreviousPage && <Stay changes={{ after: null, before: null }}>{t("waste.first")}</Stay>}
      {hasPreviousPage && <Stay changes={{ after: null, before: startCursor }}>{t("waste.previous")}</Stay>}
      {hasNextPage && <Stay changes={{ after: endCursor, before: null }}>{t("waste.next")}</Stay>}
    </nav>
  );
}

