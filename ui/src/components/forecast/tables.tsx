// Which tables make the change of the cost: new ones, those that were there, those that are gone.
import { day } from "../../format";
import { addressOf } from "../../router";
import { t } from "../../texts";
import { Card, Link, Money, Name } from "../basics";
import type { TableDriver, TableDrivers } from "./forecast";

export function TablesThatChanged({ found }: { found: TableDrivers | null }) {
  return (
    <Card title={t("forecast.tables")}>
      {found === null ? (
        <p>{t("forecast.tablesNotYet")}</p>
      ) : (
        <>
          <p class="muted small">{t("forecast.tablesNote", { count: found.days, day: day(found.since) ?? "" })}</p>
          <Sums found={found} />
          {found.unknownTables > 0 && <p class="muted small">{t("forecast.tablesUnknown", { count: found.unknownTables })}</p>}
          {found.tables.length > 0 && <Largest tables={found.tables} />}
        </>
      )}
    </Card>
  );
}

function Sums({ found }: { found: TableDrivers }) {
  const parts = [
    { kind: "NEW", tables: found.newTables, usd: found.newUsd },
    { kind: "GROWTH", tables: found.changedTables, usd: found.growthUsd },
    { kind: "GONE", tables: found.goneTables, usd: found.goneUsd },
  ] as const;
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label={t("forecast.tableSums")}>
      <table>
        <tbody>
          {parts.map(({ kind, tables, usd }) => (
            <tr key={kind}>
              <th scope="row">{t(`forecast.table.${kind}`)}</th>
              <td class="number">{t("tables", { count: tables })}</td>
              <td class="number">
                <Money amount={usd} />
              </td>
            </tr>
          ))}
          <tr>
            <th scope="row">{t("forecast.tableSum")}</th>
            <td />
            <td class="number">
              <Money amount={found.changeUsd} />
            </td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

function Largest({ tables }: { tables: TableDriver[] }) {
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label={t("forecast.tables")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("forecast.tableName")}</th>
            <th scope="col">{t("forecast.tableKind")}</th>
            <th scope="col" class="number">
              {t("forecast.tableBefore")}
            </th>
            <th scope="col" class="number">
              {t("forecast.tableNow")}
            </th>
            <th scope="col" class="number">
              {t("forecast.change")}
            </th>
          </tr>
        </thead>
        <tbody>
          {tables.map((each) => (
            <tr key={`${each.kind} ${each.fqn}`}>
              <th scope="row">
                {each.kind === "GONE" ? (
                  <Name text={each.fqn} />
                ) : (
                  <Link to={addressOf("table", { fqn: each.fqn })}>
                    <Name text={each.fqn} />
                  </Link>
                )}
              </th>
              <td>{t(`forecast.table.${each.kind}`)}</td>
              <td class="number">{each.beforeUsd === null ? "–" : <Money amount={each.beforeUsd} />}</td>
              <td class="number">{each.nowUsd === null ? "–" : <Money amount={each.nowUsd} />}</td>
              <td class="number">
                <Money amount={each.changeUsd} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
