// The last days as a calendar: a week a row. What nobody saw looks like nothing that was seen.
import { day as named } from "../../format";
import { type Key, t } from "../../texts";
import { dates } from "../../texts/formatters";
import type { TableDay } from "./answer";

const DAY = 86_400_000;
const WEEK = 7;
type Kind = "used" | "watched" | "unwatched" | "untold";
const SAID: Record<Kind, Key> = {
  used: "table.dayUsed",
  watched: "table.dayWatched",
  unwatched: "table.dayUnwatched",
  untold: "table.dayUntold",
};

function kindOf(day: TableDay): Kind {
  if (day.used !== null) return day.used ? "used" : "watched";
  return day.watched ? "untold" : "unwatched";
}

export function Calendar({ days }: { days: TableDay[] }) {
  const weeks = weeksOf(days);
  const kinds = (Object.keys(SAID) as Kind[]).filter((kind) => kind !== "untold" || days.some((each) => kindOf(each) === kind));
  const names = dates({ weekday: "short", timeZone: "UTC" });
  return (
    <figure class="last-days">
      <table class="calendar">
        <caption>{t("table.calendar")}</caption>
        <thead>
          <tr>
            {/* Any Monday and the days after it. */}
            {Array.from({ length: WEEK }, (_, place) => (
              <th key={place} scope="col">
                {names.format(new Date(Date.UTC(2024, 0, 1 + place)))}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map((week, row) => (
            <tr key={row}>
              {week.map((each, place) => (
                <td key={place}>{each && <Shown day={each} />}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <figcaption class="legend small">
        {kinds.map((kind) => (
          <span key={kind}>
            <span class={`day ${kind}`} aria-hidden="true" />
            {t(SAID[kind])}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function Shown({ day }: { day: TableDay }) {
  const kind = kindOf(day);
  const said = `${named(day.day)}: ${t(SAID[kind])}`;
  return (
    <span class={`day ${kind}`} title={said}>
      <span aria-hidden="true">{Number(day.day.slice(8))}</span>
      <span class="hidden">{said}</span>
    </span>
  );
}

/** Rows from Monday to Sunday; what lies before the first day and after the last is null. */
function weeksOf(days: TableDay[]): (TableDay | null)[][] {
  const first = days[0];
  if (!first) return [];
  // Day 0 of the epoch was a Thursday.
  const weekday = (Date.parse(`${first.day}T00:00Z`) / DAY + 3) % WEEK;
  const cells: (TableDay | null)[] = [...Array<null>(weekday).fill(null), ...days];
  while (cells.length % WEEK) cells.push(null);
  return Array.from({ length: cells.length / WEEK }, (_, row) => cells.slice(row * WEEK, (row + 1) * WEEK));
}
