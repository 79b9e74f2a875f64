// The campaigns that an item is in: for whoever may change one, into it and out of it.
import { useState } from "preact/hooks";
import { isMe, type Me } from "../../me";
import { useQuery } from "../../query";
import { addressOf } from "../../router";
import { t } from "../../texts";
import { useWrite } from "../../write";
import { Answer, Link, Name } from "../basics";
import { Refusal } from "../refusal";
import type { WhenDone } from "./change";
import type { WholeItem } from "./item";

const MOST = 100;

interface Known {
  id: number;
  name: string;
  owner: string;
  ownerKind: "USER" | "TEAM" | null;
}

export function Campaigns({ item, me, whenDone }: { item: WholeItem; me: Me | null; whenDone: WhenDone }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <section aria-label={t("work.campaigns")}>
      <h3>{t("work.campaigns")}</h3>
      {item.campaigns.length === 0 && <p class="muted small">{t("work.noCampaign")}</p>}
      <ul class="plain-list">
        {item.campaigns.map((each) => (
          <li key={each.id}>
            <Link to={addressOf("work", { campaign: String(each.id) })}>
              <Name text={each.name} />
            </Link>
          </li>
        ))}
      </ul>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t("work.pick")}</summary>
        {isOpen && <Pick item={item} me={me} whenDone={whenDone} />}
      </details>
    </section>
  );
}

function Pick({ item, me, whenDone }: { item: WholeItem; me: Me | null; whenDone: WhenDone }) {
  const query = useQuery<{ campaigns: Known[] }>("list_campaigns", { first: MOST });
  const write = useWrite();
  const send = async (campaign: Known, isIn: boolean) => {
    const put = (kind: "add" | "remove") => ({ id: campaign.id, [kind]: [item.id] });
    if ((await write.send("pick_campaign_items", put(isIn ? "remove" : "add"))) === null) return;
    whenDone(t(isIn ? "work.pickedOut" : "work.picked", { name: campaign.name }), { operation: "pick_campaign_items", variables: put(isIn ? "add" : "remove") });
  };
  return (
    <Answer query={query} lines={2}>
      {({ campaigns }) => {
        const mine = campaigns.filter((each) => me?.mayWrite || isMe(me, each.owner, each.ownerKind));
        return (
          <>
            {mine.length === 0 && <p class="small">{t("work.noneToPick")}</p>}
            <ul class="plain-list">
              {mine.map((each) => {
                const isIn = item.campaigns.some(({ id }) => id === each.id);
                return (
                  <li key={each.id}>
                    <label>
                      <input type="checkbox" checked={isIn} disabled={write.isBusy} onChange={() => send(each, isIn)} /> <Name text={each.name} />
                    </label>
                  </li>
                );
              })}
            </ul>
            <Refusal problem={write.problem} />
          </>
        );
      }}
    </Answer>
  );
}
