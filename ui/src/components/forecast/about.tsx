// What a forecast rests on: its method, what it lacks, the steps that are known, and what drives it.
import { day, percent } from "../../format";
import { t, textOf } from "../../texts";
import { numbers } from "../../texts/formatters";
import { Card, Moment, Money, Name } from "../basics";
import { shiftText } from "./course";
import type { Forecast } from "./forecast";

export function How({ forecast }: { forecast: Forecast }) {
  const { intervals, method } = forecast;
  const factor = (value: number) => numbers({ maximumFractionDigits: 2 }).format(value);
  return (
    <Card title={t("forecast.how")}>
      <p>
        {textOf(`forecast.method.${method}`) ?? method} {t("forecast.rests", { count: forecast.measuredDays, day: day(forecast.day) ?? "" })}
        {method !== "NAIVE" &&
          ` ${t("forecast.widened", { factor80: factor(intervals.factor80), factor95: factor(intervals.factor95), count: intervals.errors })}`}
        {method !== "NAIVE" &&
          intervals.covered80 !== null &&
          ` ${t("forecast.covered", { covered80: percent(intervals.covered80) ?? "", covered95: percent(intervals.covered95) ?? t("unknown") })}`}
      </p>
      {forecast.warnings.length > 0 && (
        <>
          <h3>{t("forecast.warnings")}</h3>
          <ul lang="en">
            {forecast.warnings.map((each) => (
              <li key={each}>
                <bdi>{each}</bdi>
              </li>
            ))}
          </ul>
        </>
      )}
      <p class="muted small">
        {t("forecast.computed")} <Moment at={forecast.computedAt} />
      </p>
    </Card>
  );
}

export function Shifts({ forecast }: { forecast: Forecast }) {
  return (
    <Card title={t("forecast.shift")}>
      <p class="muted small">{t("forecast.shiftNote")}</p>
      {forecast.levelShifts.length === 0 ? (
        <p>{t("forecast.shiftNone")}</p>
      ) : (
        <ul class="forecast-shifts">
          {forecast.levelShifts.map((each) => (
            <li key={`${each.day} ${each.kind} ${each.service}`}>
              {day(each.day)}: <bdi>{shiftText(each)}</bdi>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

export function Drivers({ forecast }: { forecast: Forecast }) {
  return (
    <Card title={t("forecast.drivers")}>
      <p class="muted small">{t("forecast.driversNote")}</p>
      {forecast.drivers.length === 0 ? (
        <p>{t("forecast.driversNone")}</p>
      ) : (
        <div class="scrolls" tabIndex={0} role="region" aria-label={t("forecast.drivers")}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t("forecast.service")}</th>
                <th scope="col" class="number">
                  {t("forecast.change")}
                </th>
                <th scope="col" class="number">
                  {t("forecast.newTables")}
                </th>
                <th scope="col" class="number">
                  {t("forecast.growth")}
                </th>
              </tr>
            </thead>
            <tbody>
              {forecast.drivers.map((each) => (
                <tr key={each.service}>
                  <th scope="row">
                    <Name text={each.service} />
                  </th>
                  <td class="number">
                    <Money amount={each.usdPerMonth} />
                  </td>
                  <td class="number">
                    <Money amount={each.newTablesUsd} />
                    <span class="block muted small">{t("tables", { count: each.newTables })}</span>
                  </td>
                  <td class="number">
                    <Money amount={each.growthUsd} />
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
