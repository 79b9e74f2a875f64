// What unused tables cost, what following the verdicts releases, and what would release the rest.
import { useRef } from "preact/hooks";
import { Answer, Freshness, Heading, Notice } from "../components/basics";
import { GroupEntry } from "../components/unlock/group";
import { ACTORS, lever, type Plan, STATES } from "../components/unlock/plan";
import { Lever, Sums } from "../components/unlock/sums";
import { MOST, PAGE, PLAN, planQuestion, type Wanted, wanted } from "../components/unlock/questions";
import { type Query, useQuery } from "../query";
import { change, place } from "../router";
import { type Key, t } from "../texts";
import "./unlock.css";

type Data = { unlockPlan: Plan };

export function Unlock() {
  const filter = wanted(place.value.params);
  const query = useKept(useQuery<Data>(PLAN, planQuestion(filter)));
  return (
    <>
      <Heading title={t("unlock")}>{t("unlock")}</Heading>
      <Answer query={query} lines={14}>
        {({ unlockPlan }) => <Body plan={unlockPlan} filter={filter} isLoading={query.loading} />}
      </Answer>
    </>
  );
}

/** A longer list of the same is on its way: until it is there the shorter one stays. */
function useKept<Any>(query: Query<Any>): Query<Any> {
  const last = useRef<Any | null>(null);
  if (query.data !== null) last.current = query.data;
  return { ...query, data: last.current };
}

function Body({ plan, filter, isLoading }: { plan: Plan; filter: Wanted; isLoading: boolean }) {
  const best = lever(plan.groups);
  return (
    <>
      <Freshness {...plan} />
      {plan.tables === 0 ? (
        <Notice kind="info">
          <p>{t("unlock.nothing")}</p>
        </Notice>
      ) : (
        <>
          <div class="columns">
            <Sums plan={plan} />
            {best && <Lever group={best} />}
          </div>
          <Filters filter={filter} />
          <List plan={plan} filter={filter} isLoading={isLoading} />
        </>
      )}
    </>
  );
}

function Filters({ filter }: { filter: Wanted }) {
  return (
    <div class="unlock-filters" role="search" aria-label={t("unlock.filters")}>
      <Choice name="state" label={t("unlock.state")} value={filter.state} options={STATES.map((each) => [each, `unlock.state.${each}`])} />
      <Choice name="actor" label={t("unlock.who")} value={filter.actor} options={ACTORS.map((each) => [each, `unlock.actor.${each}`])} />
      {(filter.state || filter.actor) && (
        <button type="button" class="plain" onClick={() => change({ state: null, actor: null, first: null })}>
          {t("unlock.clear")}
        </button>
      )}
      {filter.isOdd && <p class="wrong">{t("unlock.odd")}</p>}
    </div>
  );
}

function Choice(props: { name: string; label: string; value: string | null; options: [string, Key][] }) {
  return (
    <label>
      {props.label}{" "}
      <select value={props.value ?? ""} onChange={(event) => change({ [props.name]: event.currentTarget.value, first: null })}>
        <option value="">{t("unlock.any")}</option>
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {t(text)}
          </option>
        ))}
      </select>
    </label>
  );
}

function List({ plan, filter, isLoading }: { plan: Plan; filter: Wanted; isLoading: boolean }) {
  const matching = plan.groups.filter(
    (each) => (filter.state === null || each.state === filter.state) && (filter.actor === null || each.actor === filter.actor),
  );
  const isFiltered = filter.state !== null || filter.actor !== null;
  const isCut = plan.groups.length < plan.groupCount;
  const total = isFiltered ? matching.length : plan.groupCount;
  const shown = matching.slice(0, filter.shown);
  const canShowMore = shown.length < Math.min(total, MOST);
  return (
    <>
      <p class="muted" role="status">
        {t("unlock.shown", { shown: shown.length, count: total })} {isFiltered && isCut && !isLoading && t("unlock.cut", { count: MOST })}
      </p>
      {total === 0 && !isLoading && <p>{t("unlock.noMatch")}</p>}
      <ol class="unlock-list" aria-label={t("unlock")}>
        {shown.map((group) => (
          <GroupEntry key={`${group.state} ${group.reason} ${group.service} ${group.database} ${JSON.stringify(group.owners)}`} group={group} />
        ))}
      </ol>
      {canShowMore && (
        <button type="button" disabled={isLoading} onClick={() => change({ first: String(Math.min(filter.shown + PAGE, MOST)) }, "replace")}>
          {t("unlock.more")}
        </button>
      )}
    </>
  );
}
