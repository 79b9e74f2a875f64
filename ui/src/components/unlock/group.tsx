// One entry of the unlock plan: what it is about, who can do what, and what that releases.
import { count, day } from "../../format";
import { addressOf } from "../../router";
import { t } from "../../texts";
import { Link, Money, Name } from "../basics";
import { type Alternative, type Group, tablesOf } from "./plan";

export function GroupEntry({ group }: { group: Group }) {
  return (
    <li class="card unlock-group">
      <div class="unlock-head">
        <h3>
          <span class={`unlock-state ${group.state}`}>{t(`unlock.state.${group.state}`)}</span> {t(`unlock.reason.${group.reason}`)}
        </h3>
        <Cost group={group} />
      </div>
      <Where group={group} />
      <p lang="en">
        <bdi>{group.action}</bdi>
      </p>
      <Facts group={group} />
      {group.alternatives.length > 0 && (
        <>
          <h4>{t("unlock.alternatives")}</h4>
          <ul class="unlock-alternatives">
            {group.alternatives.map((each) => (
              <Other key={each.kind} alternative={each} />
            ))}
          </ul>
        </>
      )}
    </li>
  );
}

function Cost({ group }: { group: Group }) {
  // Of such tables no cost is known: theirs is no nothing.
  const isUnknown = group.state === "UNKNOWN_COST" || (group.tables > 0 && group.tables === group.tablesOfUnknownCost);
  return (
    <span class="unlock-cost">
      <Money amount={isUnknown ? null : group.monthlyCost} /> {!isUnknown && <span class="muted small">{t("unlock.aMonth")}</span>}
    </span>
  );
}

function Where({ group }: { group: Group }) {
  const place = [group.service, group.database].filter((name) => name !== null);
  if (place.length > 0) {
    return (
      <p class="muted">
        {place.map((name, number) => (
          <>
            {number > 0 && " · "}
            <Name text={name} />
          </>
        ))}
      </p>
    );
  }
  if (group.owners.length === 0) return null;
  return (
    <p class="muted">
      {t("owners")}:{" "}
      {group.owners.map((owner, number) => (
        <>
          {number > 0 && ", "}
          <Name text={owner.name} />
        </>
      ))}
    </p>
  );
}

function Facts({ group }: { group: Group }) {
  const filter = tablesOf(group);
  const tables = t("tables", { count: group.tables });
  const isPartlyUnknown = group.tablesOfUnknownCost > 0 && group.state !== "UNKNOWN_COST";
  return (
    <dl class="unlock-facts">
      <div>
        <dt>{t("unlock.who")}</dt>
        <dd>{t(`unlock.actor.${group.actor}`)}</dd>
      </div>
      <div>
        <dt>{t("unlock.atMost")}</dt>
        <dd>
          <Money amount={group.releasesAtMost} />
        </dd>
      </div>
      <div>
        <dt>{t("unlock.what")}</dt>
        <dd>
          {filter ? (
            <Link to={addressOf("waste", filter)} title={t("unlock.tablesLike")}>
              {tables}
            </Link>
          ) : (
            tables
          )}
          {isPartlyUnknown && <span class="muted"> ({t("unlock.ofUnknownCost", { count: group.tablesOfUnknownCost })})</span>}
        </dd>
      </div>
      {group.from && (
        <div>
          <dt>{t("unlock.from")}</dt>
          <dd>{day(group.from)}</dd>
        </div>
      )}
    </dl>
  );
}

function Other({ alternative }: { alternative: Alternative }) {
  return (
    <li>
      <span lang="en">
        <bdi>{alternative.action}</bdi>
      </span>{" "}
      <span class="muted">
        {t(`unlock.actor.${alternative.actor}`)} ·{" "}
        {alternative.kind === "TRIAL" ? (
          <Link to={addressOf("waste", { trial: "true" })}>{t("unlock.trial", { tables: count(alternative.tables) })}</Link>
        ) : (
          <>
            {t("unlock.atMost")} <Money amount={alternative.releasesAtMost} />
          </>
        )}
      </span>
    </li>
  );
}
