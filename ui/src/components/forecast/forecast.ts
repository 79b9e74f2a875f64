// What comes, and what may be spent, as the view of forecasts asks for it. Amounts are USD a month.
import { day } from "../../format";
import { place } from "../../router";
import { t } from "../../texts";
import { dates } from "../../texts/formatters";

export const SCENARIOS = ["AS_IS", "RECOMMENDED_DONE", "OPEN_ITEMS_DONE"] as const;
export type ScenarioKind = (typeof SCENARIOS)[number];

export interface PastMonth {
  month: string;
  usd: string;
  days: number;
  reconstructed: boolean;
}

export interface ForecastMonth {
  month: string;
  usd: string;
  low80: string;
  high80: string;
  low95: string;
  high95: string;
}

export interface Scenario {
  kind: ScenarioKind;
  months: ForecastMonth[];
}

export interface Shift {
  day: string;
  kind: string;
  usd: string;
  service: string | null;
}

/** A budget against its forecast; all but the limit is null where nothing is forecast. */
export interface Standing {
  monthlyUsd: string;
  from: string;
  setBy: string;
  monthLimitUsd: string | null;
  forecastDay: string | null;
  status: string | null;
  projectedUsd: string | null;
  breaksOn: string | null;
  breaksEarliest: string | null;
  breaksLatest: string | null;
}

/** A table whose cost changed; null on a day on which it was not there. */
export interface TableDriver {
  fqn: string;
  kind: "NEW" | "GROWTH" | "GONE";
  changeUsd: string;
  beforeUsd: string | null;
  nowUsd: string | null;
}

/** What became of the cost by tables since a day; the three parts add up to the change. */
export interface TableDrivers {
  since: string;
  days: number;
  changeUsd: string;
  newUsd: string;
  growthUsd: string;
  goneUsd: string;
  newTables: number;
  changedTables: number;
  goneTables: number;
  unknownTables: number;
  tables: TableDriver[];
}

export interface Forecast extends PlaceOfBudget {
  day: string;
  computedAt: string;
  stale: boolean;
  method: string;
  measuredDays: number;
  warnings: string[];
  monthToDateUsd: string | null;
  sameDaysLastMonthUsd: string | null;
  history: PastMonth[];
  scenarios: Scenario[];
  levelShifts: Shift[];
  drivers: { service: string; usdPerMonth: string; newTablesUsd: string; growthUsd: string; newTables: number }[];
  tableDrivers: TableDrivers | null;
  intervals: { factor80: number; factor95: number; errors: number; covered80: number | null; covered95: number | null };
  budget: Standing | null;
}

export interface PlaceOfBudget {
  service: string | null;
  domain: string | null;
}

/** What was set for a place: of null there is no budget from then on. */
export interface Entry {
  monthlyUsd: string | null;
  from: string;
  setBy: string;
  setAt: string;
}

export interface ForecastPage {
  services: { name: string }[];
  estate: { byDomain: { fqn: string | null }[] };
  budgets: (Standing & PlaceOfBudget)[];
}

const MONTHS = [6, 12, 24] as const;
const LEVELS = [80, 95] as const;

/** What the address says; what it does not, or cannot be read, is as usual. */
export interface State extends PlaceOfBudget {
  months: number;
  level: number;
  hidden: ScenarioKind[];
}

export const CHOICES = { months: MONTHS, level: LEVELS };

export function stateOf(params: URLSearchParams = place.value.params): State {
  const among = (name: "months" | "level") => {
    const given = Number(params.get(name));
    return (CHOICES[name] as readonly number[]).find((each) => each === given) ?? CHOICES[name][0];
  };
  const hidden = (params.get("hidden") ?? "").split(",");
  return {
    service: params.get("service") || null,
    domain: params.get("domain") || null,
    months: among("months"),
    level: among("level"),
    hidden: SCENARIOS.filter((each) => hidden.includes(each)),
  };
}

/** A place in words. */
export function placeName({ service, domain }: PlaceOfBudget): string {
  if (service !== null && domain !== null) return t("forecast.serviceInDomain", { service, domain });
  return service ?? domain ?? t("forecast.everything");
}

/** A month by its first day, such as "Nov 2026". */
export function monthName(month: string, year: "numeric" | "2-digit" = "numeric"): string {
  return dates({ month: "short", year, timeZone: "UTC" }).format(new Date(`${month}T00:00Z`));
}

/** When a budget breaks, and between which days that lies. */
export function breakText({ breaksOn, breaksEarliest, breaksLatest, forecastDay }: Standing, level: number): string {
  if (forecastDay === null) return t("unknown");
  const breaks = day(breaksOn) ?? t("forecast.never");
  const earliest = day(breaksEarliest);
  if (earliest === null) return breaks;
  const latest = day(breaksLatest);
  const range = latest === null ? t("forecast.earliest", { level, day: earliest }) : t("forecast.range", { level, from: earliest, to: latest });
  return `${breaks} (${range})`;
}

const DAY = 86_400_000;

/**
 * The limit of a month by its first day: the mean of its days that have one; null if none has. Of one day what was set last holds.
 * `entries` are as answered: the latest day first, and of one day what was set last.
 */
export function limitOf(month: string, entries: readonly Entry[]): number | null {
  const first = Date.parse(`${month}T00:00Z`);
  const after = endOf(month);
  let sum = 0;
  let days = 0;
  for (let at = first; at < after; at += DAY) {
    const today = new Date(at).toISOString().slice(0, 10);
    const holding = entries.find(({ from }) => from <= today);
    if (holding === undefined || holding.monthlyUsd === null) continue;
    sum += Number(holding.monthlyUsd);
    days += 1;
  }
  return days === 0 ? null : sum / days;
}

/** When a month ends, in milliseconds. */
export function endOf(month: string): number {
  const first = new Date(`${month}T00:00Z`);
  return Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 1);
}

/** A month as the chart and its table show it. */
export interface Row {
  month: string;
  measured: number | null;
  reconstructed: number | null;
  /** Of how many days it is known; null for one that is to come. */
  days: number | null;
  scenarios: Partial<Record<ScenarioKind, ForecastMonth>>;
  limit: number | null;
}

/** All months from the first known to the last one forecast, without gaps. */
export function rowsOf(forecast: Forecast, shown: readonly Scenario[], entries: readonly Entry[]): Row[] {
  const past = new Map(forecast.history.map((each) => [each.month, each]));
  const months = [...past.keys(), ...forecast.scenarios.flatMap((each) => each.months.map(({ month }) => month))].sort();
  const rows: Row[] = [];
  const last = months.at(-1);
  for (let month = months[0]; month !== undefined && last !== undefined && month <= last; month = new Date(endOf(month)).toISOString().slice(0, 10)) {
    const known = past.get(month);
    rows.push({
      month,
      measured: known && !known.reconstructed ? Number(known.usd) : null,
      reconstructed: known?.reconstructed ? Number(known.usd) : null,
      days: known?.days ?? null,
      scenarios: Object.fromEntries(
        shown.flatMap((each) => {
          const found = each.months.find((one) => one.month === month);
          return found ? [[each.kind, found]] : [];
        }),
      ),
      limit: limitOf(month, entries),
    });
  }
  return rows;
}
