// Budgets against what is forecast: the one of a place with all that was set for it, and those of all places.
import { day } from "../../format";
import { addressOf } from "../../router";
import { t, textOf } from "../../texts";
import { Card, Link, Moment, Money, Name } from "../basics";
import { Fact } from "../table/facts";
import { breakText, type Entry, type ForecastPage, placeName, type Standing } from "./forecast";

/** The word of a status; null where nobody knows. */
export function Status({ status }: { status: string | null }) {
  if (status === null) return <span class="muted">{t("unknown")}</span>;
  return <span class={`budget-status ${status}`}>{textOf(`forecast.status.${status}`) ?? status}</span>;
}

export function OneBudget({ budget, entries, level }: { budget: Standing | null; entries: Entry[]; level: number }) {
  return (
    <Card title={t("forecast.budget")}>
      {budget === null ? (
        <p>{t("forecast.budgetNone")}</p>
      ) : (
        <dl class="budget">
          <Fact name={t("forecast.status")}>
            <Status status={budget.status} /> {budget.status !== null && textOf(`forecast.statusNote.${budget.status}`)}
          </Fact>
          <Fact name={t("forecast.limit")}>
            <Money amount={budget.monthLimitUsd} />
          </Fact>
          <Fact name={t("forecast.thisMonth")}>
            <Money amount={budget.projectedUsd} />
          </Fact>
          <Fact name={t("forecast.breaks")}>{breakText(budget, level)}</Fact>
        </dl>
      )}
      {entries.length > 0 && <Entries entries={entries} />}
    </Card>
  );
}

function Entries({ entries }: { entries: Entry[] }) {
  return (
    <details class="small">
      <summary>{t("forecast.past.entries")}</summary>
      <div class="scrolls short" tabIndex={0} role="region" aria-label={t("forecast.past.entries")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("forecast.from")}</th>
              <th scope="col" class="number">
                {t("forecast.amount")}
              </th>
              <th scope="col">{t("forecast.setBy")}</th>
            </tr>
          </thead>
          <tbody>
            {entries.map((each) => (
              <tr key={`${each.from} ${each.setAt} ${each.monthlyUsd}`}>
                <th scope="row">{day(each.from)}</th>
                <td class="number">
                  <Money amount={each.monthlyUsd} unknown="forecast.noBudget" />
                </td>
                <td>
                  <Name text={each.setBy} />, <Moment at={each.setAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

export function Budgets({ budgets, level }: { budgets: ForecastPage["budgets"]; level: number }) {
  return (
    <Card title={t("forecast.budgets")}>
      {budgets.length === 0 ? (
        <p>{t("forecast.budgetsNone")}</p>
      ) : (
        <div class="scrolls" tabIndex={0} role="region" aria-label={t("forecast.budgets")}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t("forecast.place")}</th>
                <th scope="col">{t("forecast.status")}</th>
                <th scope="col" class="number">
                  {t("forecast.limit")}
                </th>
                <th scope="col" class="number">
                  {t("forecast.projected")}
                </th>
                <th scope="col">{t("forecast.breaks")}</th>
                <th scope="col">{t("forecast.setBy")}</th>
              </tr>
            </thead>
            <tbody>
              {budgets.map((each) => (
                <tr key={`${each.service} ${each.domain}`}>
                  <th scope="row">
                    <Link to={addressOf("forecast", { service: each.service, domain: each.domain })}>
                      <Name text={placeName(each)} />
                    </Link>
                  </th>
                  <td>
                    <Status status={each.status} />
                  </td>
                  <td class="number">
                    <Money amount={each.monthLimitUsd} />
                  </td>
                  <td class="number">
                    <Money amount={each.projectedUsd} />
                  </td>
                  <td>{breakText(each, level)}</td>
                  <td>
                    <Name text={each.setBy} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}
