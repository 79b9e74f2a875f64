// Why a table must not go, and what would change that.
import { addressOf } from "../../router";
import { t, textOf } from "../../texts";
import { Card, Link } from "../basics";
import type { Blocker, VerdictOfTable } from "./answer";
import { AssetName } from "./asset";
import { Steps } from "./steps";

export function Blockers({ verdict }: { verdict: VerdictOfTable }) {
  const { blockers, trial } = verdict;
  return (
    <Card title={t("table.blockers")} aside={<Link to={addressOf("unlock")}>{t("table.toUnlock")}</Link>}>
      {blockers.length === 0 && <p>{t("table.noBlockers")}</p>}
      <ul class="blockers">
        {blockers.map((each) => (
          <BlockerShown key={each.code} blocker={each} />
        ))}
      </ul>
      {trial && (
        <details>
          <summary>{t("table.trial", { count: trial.days })}</summary>
          <p lang="en">{trial.action}</p>
          <Steps steps={trial.steps} />
        </details>
      )}
    </Card>
  );
}

function BlockerShown({ blocker }: { blocker: Blocker }) {
  const hint = textOf(`table.unlocks.${blocker.code}`);
  return (
    <li>
      <strong>{textOf(`table.blocker.${blocker.code}`) ?? blocker.code}</strong>
      <p lang="en">
        <bdi>{blocker.detail}</bdi>
      </p>
      {blocker.assets.length > 0 && (
        <ul>
          {blocker.assets.map(({ asset, distance }) => (
            <li key={asset.id}>
              <AssetName asset={asset} /> <span class="muted small">{t("table.away", { count: distance })}</span>
            </li>
          ))}
        </ul>
      )}
      {hint && (
        <p class="small">
          <span class="muted">{t("table.whatUnlocks")}</span> {hint}
        </p>
      )}
    </li>
  );
}
