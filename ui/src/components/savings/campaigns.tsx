// Campaigns: how far each is, and whose tables saved most.
import { useState } from "preact/hooks";
import { day, percent } from "../../format";
import { useQuery } from "../../query";
import { addressOf } from "../../router";
import { t } from "../../texts";
import { Answer, Card, Link, Money, Name } from "../basics";
import type { Campaign } from "./savings";

interface Ranks {
  campaign: { leaderboard: { owner: string | null; items: number; doneItems: number; projectedUsd: string; realizedUsd: string }[] };
}

export function Campaigns({ campaigns }: { campaigns: Campaign[] }) {
  return (
    <Card title={t("savings.campaigns")}>
      {campaigns.length === 0 && <p>{t("savings.noCampaigns")}</p>}
      <ul class="campaigns">
        {campaigns.map((each) => (
          <CampaignShown key={each.id} campaign={each} />
        ))}
      </ul>
    </Card>
  );
}

function CampaignShown({ campaign }: { campaign: Campaign }) {
  const [isOpen, setOpen] = useState(false);
  const { progress } = campaign;
  // Items that were dropped are no part of what was to be done.
  const due = progress.items - progress.droppedItems;
  const done = progress.doneItems - progress.droppedItems;
  return (
    <li>
      <h3>
        <Link to={addressOf("work", { campaign: String(campaign.id), status: "OPEN,IN_PROGRESS,DONE" })}>
          <Name text={campaign.name} />
        </Link>
      </h3>
      <p class="muted small">
        <Name text={campaign.owner} />
        {campaign.closedAt ? ` · ${t("savings.closed")}` : campaign.dueDate && ` · ${t("table.due", { day: day(campaign.dueDate) ?? "" })}`}
      </p>
      {due > 0 && <progress value={done} max={due} aria-label={t("savings.progress", { name: campaign.name })} />}{" "}
      {t("savings.doneOf", { done, count: due })}
      <p>
        <Money amount={progress.realizedUsd} /> {t("savings.ofProjected")} <Money amount={progress.projectedUsd} />
        {campaign.goalUsd !== null && (
          <>
            {" "}
            · {t("savings.goal")} <Money amount={campaign.goalUsd} /> ({percent(progress.share, 0) ?? t("unknown")})
          </>
        )}
      </p>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t("savings.leaderboard")}</summary>
        {isOpen && <Leaderboard id={campaign.id} />}
      </details>
    </li>
  );
}

function Leaderboard({ id }: { id: number }) {
  const query = useQuery<Ranks>("get_campaign", { id });
  return (
    <Answer query={query} lines={3}>
      {({ campaign: { leaderboard } }) =>
        leaderboard.length === 0 ? (
          <p>{t("savings.none")}</p>
        ) : (
          <ol>
            {leaderboard.map((each) => (
              <li key={each.owner ?? ""}>
                {each.owner === null ? t("nobody") : <Name text={each.owner} />}: <Money amount={each.realizedUsd} /> {t("savings.ofProjected")}{" "}
                <Money amount={each.projectedUsd} />, {t("savings.doneOf", { done: each.doneItems, count: each.items })}
              </li>
            ))}
          </ol>
        )
      }
    </Answer>
  );
}
