// A new campaign, or another name, leader, goal, day or filter of one. Only what was touched is sent.
import type { Me } from "../../me";
import { t } from "../../texts";
import { noteChange, useWrite } from "../../write";
import { amountOf, plainAmount, useDraft, wrongAmount, wrongDay, wrongTitle } from "../form/draft";
import { Field } from "../form/field";
import { filterIn, wrongFilter } from "../form/filter";
import { FilterField } from "../form/filter_field";
import "../form/form.css";
import { Refusal } from "../refusal";
import { kinds } from "../work/create";
import { inDays } from "../work/item";
import type { Campaign } from "./savings";

const FIELDS = ["name", "owner", "ownerKind", "goalUsd", "dueDate", "filter"] as const;
type Typed = Record<(typeof FIELDS)[number], string>;

interface Props {
  /** The one that is changed; null for a new one. */
  campaign: Campaign | null;
  me: Me | null;
  close: (said: string) => void;
}

export function CampaignForm({ campaign, me, close }: Props) {
  const write = useWrite();
  const before = typedOf(campaign);
  const draft = useDraft<keyof Typed>(
    before,
    (typed) => ({
      name: wrongTitle(typed.name),
      goalUsd: wrongAmount(typed.goalUsd),
      dueDate: typed.dueDate === before.dueDate ? null : wrongDay(typed.dueDate),
      filter: typed.filter.trim() ? wrongFilter(typed.filter) : null,
    }),
    write.problem,
    write.forget,
  );
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!draft.check()) return;
    const input = inputOf(draft.typed, before);
    const variables = campaign === null ? { input } : { id: campaign.id, version: campaign.version, input };
    if ((await write.send(campaign === null ? "create_campaign" : "update_campaign", variables)) !== null) {
      close(t(campaign === null ? "savings.started" : "savings.changed"));
    }
  };
  const isOvertaken = write.problem?.kind === "conflict" && write.problem.argument === "version";
  return (
    <form class="form" onSubmit={submit} noValidate>
      <Field draft={draft} name="name" label={t("savings.name")} isRequired />
      <Field draft={draft} name="owner" label={t("savings.lead")} note={campaign === null ? t("savings.leadNote") : undefined}>
        {me && (
          <button type="button" onClick={() => (draft.set("owner", me.name), draft.set("ownerKind", "USER"))}>
            {t("work.me")}
          </button>
        )}
      </Field>
      <Field draft={draft} name="ownerKind" label={t("work.field.assigneeKind")} known={kinds()} />
      <Field draft={draft} name="goalUsd" label={t("savings.goalUsd")} />
      <Field draft={draft} name="dueDate" label={t("work.field.dueDate")} kind="date" min={inDays(0)} />
      <FilterField draft={draft} note={t("savings.filterNote")} />
      <Refusal problem={write.problem} atField={FIELDS} />
      {isOvertaken && (
        <p>
          {t("savings.overtaken")}{" "}
          <button type="button" onClick={() => (write.forget(), noteChange())}>
            {t("savings.showNow")}
          </button>
        </p>
      )}
      <div class="actions">
        <button type="submit" class="primary" disabled={write.isBusy} aria-busy={write.isBusy}>
          {t(write.isBusy ? "table.sending" : campaign === null ? "savings.startNow" : "work.save")}
        </button>
        <button type="button" onClick={() => close("")}>
          {t("work.cancel")}
        </button>
      </div>
    </form>
  );
}

function typedOf(campaign: Campaign | null): Typed {
  const { name = "", owner = "", ownerKind = "", goalUsd = "", dueDate = "", filter = "" } = campaign ?? {};
  return { name, owner, ownerKind: ownerKind ?? "", goalUsd: plainAmount(goalUsd), dueDate: dueDate ?? "", filter: filter ?? "" };
}

/** What differs from what was; an empty goal, day or filter is taken away, a name and a leader cannot be. */
function inputOf(typed: Typed, before: Typed): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const name of ["name", "owner"] as const) if (typed[name].trim() && typed[name] !== before[name]) input[name] = typed[name].trim();
  if (typed.ownerKind !== before.ownerKind || "owner" in input) {
    if (typed.owner.trim()) input.owner = typed.owner.trim();
    if (typed.owner.trim() && typed.ownerKind) input.ownerKind = typed.ownerKind;
  }
  if (typed.goalUsd !== before.goalUsd) input.goalUsd = amountOf(typed.goalUsd);
  if (typed.dueDate !== before.dueDate) input.dueDate = typed.dueDate || null;
  if (typed.filter !== before.filter) input.filter = typed.filter.trim() ? filterIn(typed.filter) : null;
  return input;
}
