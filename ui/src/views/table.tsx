// One table: what to do with it and why, who uses it, what depends on it, and how it would go.
import { Answer, Card, Freshness, Heading, Link, Moment, Name, Notice } from "../components/basics";
import type { TableOfPage } from "../components/table/answer";
import { Blockers } from "../components/table/blockers";
import { Decisions } from "../components/table/decisions";
import { Facts } from "../components/table/facts";
import { Impact } from "../components/table/impact";
import { Items } from "../components/table/items";
import { Removal } from "../components/table/removal";
import { Use } from "../components/table/use";
import { VerdictCard } from "../components/table/verdict";
import { bytes, money } from "../format";
import { isOwner, useMe } from "../me";
import { forgetAnswers, type Query, useQuery } from "../query";
import { addressOf, place } from "../router";
import { t } from "../texts";
import "./table.css";

export function TableView() {
  const fqn = place.value.params.get("fqn") ?? "";
  // Another table is another page: nothing that was typed for one may be sent for another.
  return <div class="table-page">{fqn ? <Page key={fqn} fqn={fqn} /> : <Nowhere said={t("table.noName")} />}</div>;
}

function Page({ fqn }: { fqn: string }) {
  const query = useQuery<{ table: TableOfPage }>("get_table_page", { fqn });
  if (query.problem?.kind === "notFound" && query.data === null) {
    return <Nowhere said={t("table.notFound")} fqn={fqn} />;
  }
  return (
    <>
      <Title fqn={fqn} table={query.data?.table ?? null} />
      <Answer query={query} lines={16}>
        {({ table }) => <Body table={table} query={query} />}
      </Answer>
    </>
  );
}

/** Where a name leads to no table: what is the matter, and the way on. */
function Nowhere({ said, fqn }: { said: string; fqn?: string }) {
  return (
    <>
      <Heading title={t("table")}>{t("table")}</Heading>
      <Notice kind="warning">
        {fqn && (
          <p>
            <Name text={fqn} />
          </p>
        )}
        <p>{said}</p>
        <p>
          <Link to={addressOf("waste", { search: lastPart(fqn ?? "") })}>{t("table.searchIt")}</Link>
          {" · "}
          <Link to={addressOf("")}>{t("toOverview")}</Link>
        </p>
      </Notice>
    </>
  );
}

/** The last name in an FQN, whose parts stand in quotes where they hold a dot. */
function lastPart(fqn: string): string {
  const part = /(?:"((?:[^"]|"")*)"|([^".]*))$/.exec(fqn);
  return (part?.[1]?.replace(/""/g, '"') ?? part?.[2] ?? "").slice(0, 256);
}

function Title({ fqn, table }: { fqn: string; table: TableOfPage | null }) {
  const name = table?.displayName || table?.name || lastPart(fqn) || fqn;
  const parents = table && [table.service, table.database, table.schema].filter((each) => each !== null);
  const address = table && webAddress(table.url);
  return (
    <div class="table-title">
      <Heading title={name}>
        <Name text={name} />
      </Heading>
      <p class="muted">
        {parents ? parents.map((each) => [<Name text={each} />, " / "]) : null}
        <Name text={table?.name ?? fqn} />
        {table?.tableType && <span class="label">{table.tableType}</span>}
        {address && (
          <>
            {" "}
            <a href={address} target="_blank" rel="noopener noreferrer">
              {t("table.inOpenMetadata")}
            </a>
          </>
        )}
      </p>
    </div>
  );
}

/** An address as a link may have it; what is no page of the web is none. */
function webAddress(text: string | null): string | null {
  if (!text) return null;
  try {
    const address = new URL(text);
    return ["http:", "https:"].includes(address.protocol) ? address.href : null;
  } catch {
    return null;
  }
}

function Body({ table, query }: { table: TableOfPage; query: Query<{ table: TableOfPage }> }) {
  const isThere = table.removedAt === null;
  const me = useMe().data?.me ?? null;
  const isMine = isOwner(me, table.owners);
  const changed = () => {
    forgetAnswers();
    query.reload();
  };
  return (
    <>
      <Freshness {...table} />
      <States table={table} />
      {isThere && (
        <div class="columns wide">
          <VerdictCard verdict={table.verdict} />
          <Blockers verdict={table.verdict} />
        </div>
      )}
      <Use table={table} />
      <Facts table={table} />
      <Impact fqn={table.fqn} />
      {isThere && <Decisions table={table} changed={changed} mayKeep={isMine || me?.mayAdminister === true} mayApprove={isMine || me?.mayWrite === true} />}
      {isThere && <Removal table={table} />}
      <Items fqn={table.fqn} mayAdd={isThere && (isMine || me?.mayWrite === true)} />
    </>
  );
}

/** What is unusual about the table as a whole: gone, missing, or part of a series. */
function States({ table }: { table: TableOfPage }) {
  const { series } = table;
  return (
    <>
      {table.removedAt && (
        <Notice kind="warning">
          <p>
            {t("table.gone")} <Moment at={table.removedAt} />. {t("table.goneNote")}
          </p>
        </Notice>
      )}
      {table.absentSince && (
        <Notice kind="warning">
          <p>
            {t("table.absent")} <Moment at={table.absentSince} />. {t("table.absentNote")}
          </p>
        </Notice>
      )}
      {series && (
        <Card title={t("table.series")}>
          <p>
            <Name text={series.name} />: {t("table.seriesNote", {
              count: series.tables,
              size: bytes(series.sizeBytes) ?? t("unknown"),
              cost: money(series.monthlyCost) ?? t("unknown"),
            })}
          </p>
          <p lang="en">{series.reason}</p>
          {series.oldParts > 0 && (
            <p>{t("table.oldParts", { count: series.oldParts, cost: money(series.oldPartsMonthlyCost) ?? t("unknown") })}</p>
          )}
          {series.table && series.table.fqn !== table.fqn && (
            <p>
              <Link to={addressOf("table", { fqn: series.table.fqn })}>{t("table.seriesTable")}</Link>
            </p>
          )}
        </Card>
      )}
    </>
  );
}
