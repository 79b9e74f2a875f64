// Where it is going: what comes, by scenario, against what may be spent. Place, months and scenarios stand in the address.
import { useMemo } from "preact/hooks";
import { Drivers, How, Shifts } from "../components/forecast/about";
import { Budgets, OneBudget } from "../components/forecast/budgets";
import { Answer, Heading, Money, Notice } from "../components/basics";
import { Course } from "../components/forecast/course";
import { CHOICES, type Entry, type Forecast, type ForecastPage, placeName, type State, stateOf } from "../components/forecast/forecast";
import { completedQuestion, FORECAST, forecastQuestion, HISTORY, historyQuestion, ITEMS, PAGE, pageQuestion } from "../components/forecast/questions";
import { SetBudget } from "../components/forecast/set_budget";
import { TablesThatChanged } from "../components/forecast/tables";
import type { Mark } from "../components/trend";
import { useShown } from "../components/waste/shown";
import { money } from "../format";
import { useMe } from "../me";
import { type Query, useQuery } from "../query";
import { change } from "../router";
import { language, t } from "../texts";
import { useFresh } from "../write";
import "./forecast.css";

interface Completed {
  actionItems: { edges: { node: { resolvedAt: string | null } }[] };
}

export function ForecastView() {
  const state = stateOf();
  const page = useFresh(useQuery<ForecastPage>(PAGE, pageQuestion(state)));
  const { shown } = useShown(page);
  return (
    <>
      <Heading title={t("forecast")}>{t("forecast")}</Heading>
      <Answer query={shown} lines={12}>
        {(data) => (
          <>
            <Choices state={state} page={data} />
            {/* What was of another place is gone with it. */}
            <OfPlace key={`${state.service} ${state.domain}`} state={state} isPageThere={page.problem === null} />
            <Budgets budgets={data.budgets} level={state.level} />
          </>
        )}
      </Answer>
    </>
  );
}

function Choices({ state, page }: { state: State; page: ForecastPage }) {
  const places = { service: page.services.map(({ name }) => name), domain: page.estate.byDomain.flatMap(({ fqn }) => (fqn === null ? [] : [fqn])) };
  return (
    <div class="period">
      {(["service", "domain"] as const).map((name) => {
        const chosen = state[name];
        // One that is gone stays to be seen, so that another can be chosen.
        const known = chosen === null || places[name].includes(chosen) ? places[name] : [chosen, ...places[name]];
        return (
          <label key={name}>
            {t(`forecast.${name}`)}{" "}
            <select value={chosen ?? ""} onChange={(event) => change({ [name]: event.currentTarget.value || null })}>
              <option value="">{t("forecast.all")}</option>
              {known.map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </select>
          </label>
        );
      })}
      <label>
        {t("forecast.ahead")}{" "}
        <select value={state.months} onChange={(event) => change({ months: event.currentTarget.value }, "replace")}>
          {CHOICES.months.map((each) => (
            <option key={each} value={each}>
              {t("forecast.months", { count: each })}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("forecast.level")}{" "}
        <select value={state.level} onChange={(event) => change({ level: event.currentTarget.value }, "replace")}>
          {CHOICES.level.map((each) => (
            <option key={each} value={each}>
              {each} %
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function OfPlace({ state, isPageThere }: { state: State; isPageThere: boolean }) {
  const { service, domain, level } = state;
  const forecast = useFresh(useQuery<{ budgetForecast: Forecast }>(FORECAST, forecastQuestion(state)));
  const { shown } = useShown(forecast);
  // The address may name a domain without those above it; budgets are kept by whole names.
  const whole = shown.data?.budgetForecast.domain ?? domain;
  const history = useFresh(useQuery<{ budgetHistory: Entry[] }>(HISTORY, historyQuestion(service, whole)));
  const completed = useCompleted(state);
  const { shown: past } = useShown(history);
  const mayAdminister = useMe().data?.me.mayAdminister === true;
  // The rest of the view is answered: it is the forecast alone that is missing.
  const isMissing = isPageThere && shown.data === null && shown.problem?.kind === "unavailable";
  return (
    <Answer query={past} lines={3}>
      {({ budgetHistory: entries }) => (
        <>
          {isMissing ? (
            <Missing query={shown} />
          ) : (
            <Answer query={shown} lines={12}>
              {(data) => <Shown forecast={data.budgetForecast} entries={entries} completed={completed} state={state} />}
            </Answer>
          )}
          {shown.data === null && entries.length > 0 && <OneBudget budget={null} entries={entries} level={level} />}
          {mayAdminister ? <SetBudget place={state} /> : <p class="muted small">{t("forecast.setOnlyAdmin")}</p>}
        </>
      )}
    </Answer>
  );
}

/** One mark a day, however many items. Of a domain nobody knows which they were. */
function useCompleted({ service, domain }: State): Mark[] {
  const { data } = useQuery<Completed>(domain === null ? ITEMS : null, completedQuestion(service));
  return useMemo(() => {
    const days = new Map<string, number>();
    for (const { node } of data?.actionItems.edges ?? []) {
      const day = node.resolvedAt?.slice(0, 10);
      if (day) days.set(day, (days.get(day) ?? 0) + 1);
    }
    return [...days].map(([day, count]) => ({ at: `${day}T12:00:00Z`, kind: "completed", text: t("mark.completed", { count }) }));
  }, [data, language.value]);
}

function Missing({ query }: { query: Query<unknown> }) {
  return (
    <Notice kind="info">
      <p>
        <strong>{t("forecast.none")}</strong>
      </p>
      <p>{t("forecast.noneNote")}</p>
      <button type="button" onClick={query.reload}>
        {t("askNow")}
      </button>
    </Notice>
  );
}

function Shown({ forecast, entries, completed, state }: { forecast: Forecast; entries: Entry[]; completed: Mark[]; state: State }) {
  const isKnown = forecast.scenarios.length > 0;
  return (
    <>
      {forecast.stale && (
        <Notice kind="warning">
          <p>{t("forecast.stale")}</p>
        </Notice>
      )}
      {!isKnown && (
        <Notice kind="warning">
          <p>{t("forecast.costUnknown")}</p>
        </Notice>
      )}
      <div class="figures">
        <Figure name={t("forecast.thisMonth")} note={placeName(state)} amount={thisMonth(forecast)} />
        <Figure name={t("forecast.toDate")} note={sameDays(forecast)} amount={forecast.monthToDateUsd} />
        <Figure
          name={t("forecast.limit")}
          note={forecast.budget === null ? t("forecast.budgetNone") : ""}
          amount={forecast.budget?.monthLimitUsd ?? null}
          isNone={forecast.budget === null}
        />
      </div>
      {(isKnown || forecast.history.length > 0) && <Course forecast={forecast} entries={entries} completed={completed} hidden={state.hidden} />}
      <div class="columns">
        <OneBudget budget={forecast.budget} entries={entries} level={state.level} />
        <How forecast={forecast} />
      </div>
      <div class="columns">
        <Shifts forecast={forecast} />
        {state.service === null && <Drivers forecast={forecast} />}
      </div>
      <TablesThatChanged found={forecast.tableDrivers} />
    </>
  );
}

function thisMonth({ scenarios }: Forecast): string | null {
  return scenarios.find(({ kind }) => kind === "AS_IS")?.months[0]?.usd ?? null;
}

function sameDays({ sameDaysLastMonthUsd }: Forecast): string {
  const amount = money(sameDaysLastMonthUsd);
  return amount === null ? t("forecast.sameDaysUnknown") : t("forecast.sameDays", { amount });
}

/** An amount that is not known says so; one that there is none of is a dash. */
function Figure({ name, note, amount, isNone = false }: { name: string; note: string; amount: string | null; isNone?: boolean }) {
  return (
    <div class="card figure">
      <span class="muted">{name}</span>
      <strong>{isNone ? "–" : <Money amount={amount} />}</strong>
      <span class="muted small">{note}</span>
    </div>
  );
}
