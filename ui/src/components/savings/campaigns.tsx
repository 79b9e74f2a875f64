// Campaigns: how far each is, and whose tables saved most.
import { useState } from "preact/hooks";
import { day, percent } from "../../format";
import { isMe, type Me, useMe } from "../../me";
import { useQuery } from "../../query";
import { addressOf } from "../../router";
import { t } from "../../texts";
import { useWrite } from "../../write";
import { Answer, Card, Link, Money, Name } from "../basics";
import { Delete } from "../form/delete";
import { Refusal } from "../refusal";
import { CampaignForm } from "./campaign_form";
import type { Campaign } from "./savings";

interface Ranks {
  campaign: { leaderboard: { owner: string | null; items: number; doneItems: number; projectedUsd: string; realizedUsd: string }[] };
}

export function Campaigns({ campaigns }: { campaigns: Campaign[] }) {
  const me = useMe().data?.me ?? null;
  const [isNew, setNew] = useState(false);
  const [said, setSaid] = useState("");
  return (
    <Card
      title={t("savings.campaigns")}
      aside={
        me?.mayWrite && (
          <button type="button" aria-expanded={isNew} onClick={() => setNew(!isNew)}>
            {t("savings.start")}
          </button>
        )
      }
    >
      <p role="status">{said}</p>
      {isNew && <CampaignForm campaign={null} me={me} close={(text) => (setNew(false), setSaid(text))} />}
      {campaigns.length === 0 && <p>{t("savings.noCampaigns")}</p>}
      <ul class="campaigns">
        {campaigns.map((each) => (
          <CampaignShown key={each.id} campaign={each} me={me} say={setSaid} />
        ))}
      </ul>
    </Card>
  );
}

function CampaignShown({ campaign, me, say }: { campaign: Campaign; me: Me | null; say: (said: string) => void }) {
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
      {(me?.mayWrite || isMe(me, campaign.owner, campaign.ownerKind)) && <Lead campaign={campaign} me={me} say={say} />}
    </li>
  );
}

/** What whoever leads it, or may change all of them, can do with it. */
function Lead({ campaign, me, say }: { campaign: Campaign; me: Me | null; say: (said: string) => void }) {
  const [isOpen, setOpen] = useState(false);
  const write = useWrite();
  const isOver = campaign.closedAt !== null;
  const close = async () => {
    const variables = { id: campaign.id, version: campaign.version, input: {}, closed: !isOver };
    if ((await write.send("update_campaign", variables)) !== null) say(t(isOver ? "savings.reopened" : "savings.isClosed"));
  };
  return (
    <>
      <div class="actions">
        <button type="button" aria-expanded={isOpen} aria-label={t("admin.changeOne", { name: campaign.name })} onClick={() => setOpen(!isOpen)}>
          {t("admin.change")}
        </button>
        <button type="button" disabled={write.isBusy} title={t("savings.closeNote")} onClick={close}>
          {t(isOver ? "savings.reopen" : "savings.close")}
        </button>
        <Delete
          operation="delete_campaign"
          variables={{ id: campaign.id }}
          label={t("savings.delete")}
          consequence={t("savings.deleteConsequence")}
          now={t("work.deleteNow")}
          done={() => say(t("savings.deleted"))}
        />
      </div>
      <Refusal problem={write.problem} />
      {isOpen && <CampaignForm campaign={campaign} me={me} close={(text) => (setOpen(false), say(text))} />}
    </>
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
