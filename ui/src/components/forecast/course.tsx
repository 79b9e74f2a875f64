// Costs by month, so far and by scenario: a chart, and the same as a table.
import { useMemo } from "preact/hooks";
import { day, money } from "../../format";
import { change } from "../../router";
import { language, t, textOf } from "../../texts";
import { Card, Money } from "../basics";
import type { Mark } from "../trend";
import { Chart } from "./chart";
import { type Entry, type Forecast, type ForecastMonth, monthName, type Row, rowsOf, type ScenarioKind, type Shift } from "./forecast";

interface Props {
  forecast: Forecast;
  entries: Entry[];
  completed: Mark[];
  hidden: ScenarioKind[];
}

export function Course({ forecast, entries, completed, hidden }: Props) {
  const key = hidden.join(",");
  const { rows, kinds, marks } = useMemo(() => {
    const shown = forecast.scenarios.filter(({ kind }) => !hidden.includes(kind));
    const steps = forecast.levelShifts.map((each): Mark => ({ at: `${each.day}T00:00:00Z`, kind: "changed", text: shiftText(each) }));
    return { rows: rowsOf(forecast, shown, entries), kinds: shown.map(({ kind }) => kind), marks: [...steps, ...completed] };
  }, [forecast, entries, completed, key, language.value]);
  return (
    <Card title={t("forecast.course")}>
      <Switches kinds={forecast.scenarios.map(({ kind }) => kind)} hidden={hidden} />
      {rows.length === 0 ? (
        <p class="muted">{t("forecast.noMonths")}</p>
      ) : (
        <>
          <Chart rows={rows} kinds={kinds} marks={marks} />
          {rows.some(({ reconstructed }) => reconstructed !== null) && <p class="muted small">{t("forecast.reconstructedNote")}</p>}
          <details class="small">
            <summary>{t("asTable")}</summary>
            <Table rows={rows} kinds={kinds} marks={marks} />
          </details>
        </>
      )}
    </Card>
  );
}

/** A step in words: why, of which service, and by how much. */
export function shiftText({ kind, service, usd }: Shift): string {
  const sign = Number(usd) > 0 ? "+" : "";
  return `${textOf(`forecast.shift.${kind}`) ?? kind}${service === null ? "" : ` (${service})`}: ${sign}${money(usd) ?? ""}`;
}

function Switches({ kinds, hidden }: { kinds: ScenarioKind[]; hidden: ScenarioKind[] }) {
  const show = (kind: ScenarioKind, isOn: boolean) => {
    const next = isOn ? hidden.filter((each) => each !== kind) : [...hidden, kind];
    change({ hidden: next.join(",") || null }, "replace");
  };
  if (kinds.length === 0) return null;
  return (
    <fieldset class="scenarios">
      <legend>{t("forecast.scenarios")}</legend>
      {kinds.map((kind) => (
        <label key={kind}>
          <input type="checkbox" checked={!hidden.includes(kind)} onChange={(event) => show(kind, event.currentTarget.checked)} /> {t(`forecast.scenario.${kind}`)}
        </label>
      ))}
    </fieldset>
  );
}

function Table({ rows, kinds, marks }: { rows: Row[]; kinds: ScenarioKind[]; marks: Mark[] }) {
  const [widest] = kinds;
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label={t("forecast.course")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("forecast.month")}</th>
            <th scope="col" class="number">
              {t("forecast.past")}
            </th>
            {kinds.map((kind) => (
              <th key={kind} scope="col" class="number">
                {t(`forecast.scenario.${kind}`)}
              </th>
            ))}
            {widest &&
              ([80, 95] as const).map((level) => (
                <th key={level} scope="col" class="number">
                  {t("forecast.interval", { level })}
                </th>
              ))}
            <th scope="col" class="number">
              {t("forecast.budget")}
            </th>
            <th scope="col">{t("forecast.happened")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.month}>
              <th scope="row">{monthName(row.month)}</th>
              <td class="number">
                <Past row={row} />
              </td>
              {kinds.map((kind) => (
                <td key={kind} class="number">
                  {row.scenarios[kind] && <Money amount={row.scenarios[kind].usd} />}
                </td>
              ))}
              {widest && ([80, 95] as const).map((level) => <td key={level} class="number">{range(row.scenarios[widest], level)}</td>)}
              <td class="number">{row.limit !== null && <Money amount={row.limit} />}</td>
              <td>
                {marks
                  .filter(({ at }) => at.slice(0, 7) === row.month.slice(0, 7))
                  .map(({ at, text }) => (
                    <div key={`${at} ${text}`}>
                      {day(at.slice(0, 10))}: <bdi>{text}</bdi>
                    </div>
                  ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What was known of a month, and of how many days; nothing of one that is to come. A gap is unknown. */
function Past({ row }: { row: Row }) {
  if (row.days === null) return Object.keys(row.scenarios).length > 0 ? null : <Money amount={null} />;
  return (
    <>
      <Money amount={row.measured ?? row.reconstructed} />
      <span class="block muted">
        {t("forecast.monthDays", { count: row.days })}
        {row.reconstructed !== null && `, ${t("forecast.monthReconstructed")}`}
      </span>
    </>
  );
}

function range(month: ForecastMonth | undefined, level: 80 | 95): string {
  if (month === undefined) return "";
  const [low, high] = level === 80 ? [month.low80, month.high80] : [month.low95, month.high95];
  return `${money(low)} – ${money(high)}`;
}
