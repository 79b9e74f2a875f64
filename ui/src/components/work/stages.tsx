// The stages of a table's end: where it is, for how long that still waits, and what may follow.
import { useState } from "preact/hooks";
import { day } from "../../format";
import { addressOf } from "../../router";
import { t } from "../../texts";
import { useWrite } from "../../write";
import { Link, Moment } from "../basics";
import { Refusal } from "../refusal";
import type { WhenDone } from "./change";
import { daysUntil, type Item, REMOVALS, type Stage, STAGES, type WholeItem } from "./item";

export function Stages({ item, whenDone }: { item: WholeItem; whenDone: WhenDone }) {
  const [asked, setAsked] = useState<Stage | "back" | null>(null);
  const write = useWrite();
  if (item.table === null || !REMOVALS.includes(item.category ?? "")) return null;
  const at = item.stage === null ? -1 : STAGES.indexOf(item.stage);
  const left = item.stageUntil === null ? 0 : Math.max(daysUntil(item.stageUntil), 0);
  const move = async (stage: Stage | null) => {
    const data = await write.send<{ stageActionItem: Item }>("stage_action_item", { id: item.id, stage, version: item.version });
    if (data === null) return;
    setAsked(null);
    const { version } = data.stageActionItem;
    // Only the first stage of an item in progress has a way back to where it was: later ones start again from the beginning.
    const undo = item.stage === null && item.status === "IN_PROGRESS" ? { operation: "stage_action_item", variables: { id: item.id, stage: null, version } } : null;
    whenDone(stage === null ? t("work.takenBack") : t("work.staged", { stage: t(`work.stage.${stage}`) }), undo);
  };
  return (
    <section class="stages" aria-label={t("work.stages")}>
      <h3>{t("work.stages")}</h3>
      <p class="muted small">
        {t("work.stagesNote")} <Link to={addressOf("table", { fqn: item.table.fqn })}>{t("work.plan")}</Link>
      </p>
      <ol>
        {STAGES.map((each, index) => (
          <li key={each} aria-current={each === item.stage ? "step" : undefined} class={index <= at ? "reached" : undefined}>
            {t(`work.stage.${each}`)}
            {each === item.stage && item.stageSince && (
              <span class="muted small">
                {" "}
                · <Moment at={item.stageSince} /> · {left > 0 ? t("work.waits", { count: left }) : t("work.waited")}
              </span>
            )}
          </li>
        ))}
      </ol>
      {item.mayChange && item.status !== "DONE" && (
        <>
          <div class="actions">
            {next(item.stage).map((stage) => (
              <button key={stage} type="button" disabled={left > 0} aria-expanded={asked === stage} onClick={() => setAsked(asked === stage ? null : stage)}>
                {t(`work.stageDo.${stage}`)}
              </button>
            ))}
            {item.stage !== null && (
              <button type="button" aria-expanded={asked === "back"} onClick={() => setAsked(asked === "back" ? null : "back")}>
                {t("work.takeBack")}
              </button>
            )}
          </div>
          {left > 0 && item.stageUntil && <p class="muted small">{t("work.waitsUntil", { day: day(item.stageUntil) ?? "" })}</p>}
          {asked !== null && (
            <div class="confirm" role="group" aria-label={t("work.consequence")}>
              <p>{t(asked === "back" ? "work.backConsequence" : `work.stageConsequence.${asked}`)}</p>
              <button type="button" class="primary" disabled={write.isBusy} aria-busy={write.isBusy} onClick={() => move(asked === "back" ? null : asked)}>
                {t(asked === "back" ? "work.takeBackNow" : "work.stageNow")}
              </button>
              <button type="button" onClick={() => setAsked(null)}>
                {t("work.cancel")}
              </button>
            </div>
          )}
          <Refusal problem={write.problem} />
        </>
      )}
    </section>
  );
}

/** What may follow a stage; a table that needs no copy is dropped without being archived. */
function next(stage: Stage | null): Stage[] {
  const following: Record<Stage, Stage[]> = { ANNOUNCED: ["RESTRICTED"], RESTRICTED: ["ARCHIVED", "DROPPED"], ARCHIVED: ["DROPPED"], DROPPED: [] };
  return stage === null ? ["ANNOUNCED"] : following[stage];
}
