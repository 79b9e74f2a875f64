// Takes an item away for good, after saying what that means: the API has no way back.
import { useState } from "preact/hooks";
import { t } from "../../texts";
import { useWrite } from "../../write";
import { Refusal } from "../refusal";
import type { WhenDone } from "./change";
import type { WholeItem } from "./item";

export function Delete({ item, whenDone, close }: { item: WholeItem; whenDone: WhenDone; close: () => void }) {
  const [isAsked, setAsked] = useState(false);
  const write = useWrite();
  const send = async () => {
    if ((await write.send("delete_action_item", { id: item.id, version: item.version })) === null) return;
    close();
    whenDone(t("work.deleted"), null);
  };
  if (!isAsked) {
    return (
      <button type="button" onClick={() => setAsked(true)}>
        {t("work.delete")}
      </button>
    );
  }
  return (
    <div class="confirm" role="group" aria-label={t("work.consequence")}>
      <p>{t("work.deleteConsequence")}</p>
      <button type="button" class="danger" disabled={write.isBusy} aria-busy={write.isBusy} onClick={send}>
        {t("work.deleteNow")}
      </button>
      <button type="button" onClick={() => setAsked(false)}>
        {t("work.cancel")}
      </button>
      <Refusal problem={write.problem} />
    </div>
  );
}
