// What unused tables cost, in the three parts that add up to it.
import { addressOf } from "../../router";
import { t } from "../../texts";
import { Card, Link, Money } from "../basics";
import type { Group, Plan } from "./plan";

export function Sums({ plan }: { plan: Plan }) {
  const parts = [
    { state: "RELEASED", amount: plan.released },
    { state: "STAYS", amount: plan.stays },
    { state: "BLOCKED", amount: plan.blocked },
  ] as const;
  const total = Number(plan.monthlyCost);
  return (
    <Card title={t("unlock.sums")}>
      <dl class="unlock-sums">
        {parts.map(({ state, amount }, number) => (
          <div key={state}>
            <dt>
              <span class={`unlock-key ${state}`} aria-hidden="true" /> {t(`unlock.state.${state}`)}
            </dt>
            <dd>
              {number > 0 && <span aria-hidden="true">+ </span>}
              <Link to={addressOf("unlock", { state })}>
                <Money amount={amount} />
              </Link>
            </dd>
          </div>
        ))}
        <div>
          <dt>{t("unlock.total", { count: plan.tables })}</dt>
          <dd>
            <span aria-hidden="true">= </span>
            <Money amount={plan.monthlyCost} />
          </dd>
        </div>
      </dl>
      {total > 0 && (
        <div class="unlock-bar" aria-hidden="true">
          {parts.map(({ state, amount }) => (
            <div key={state} class={`unlock-key ${state}`} style={{ width: `${(100 * Number(amount)) / total}%` }} />
          ))}
        </div>
      )}
      <p class="muted small">
        {t("unlock.addUp")}
        {plan.tablesOfUnknownCost > 0 && (
          <>
            {" "}
            <Link to={addressOf("unlock", { state: "UNKNOWN_COST" })}>
              {t("unlock.notSummed", { count: plan.tablesOfUnknownCost })}
            </Link>
          </>
        )}
      </p>
    </Card>
  );
}

/** The one thing to set that may release the most, said before the list. */
export function Lever({ group }: { group: Group }) {
  return (
    <Card title={t("unlock.lever")}>
      <p class="large">
        <Money amount={group.releasesAtMost} />
      </p>
      <p lang="en">
        <bdi>{group.action}</bdi>
      </p>
      <p class="muted small">
        {t(`unlock.actor.${group.actor}`)} · {t(`unlock.reason.${group.reason}`)} · {t("tables", { count: group.tables })}
      </p>
    </Card>
  );
}
