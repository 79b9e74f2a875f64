// A new action item, written by a person: of the whole list, or about one table.
import { useId } from "preact/hooks";
import type { Me } from "../../me";
import { t } from "../../texts";
import { useWrite } from "../../write";
import { amountOf, useDraft, wrongAmount, wrongDay, wrongTitle } from "../form/draft";
import { Field } from "../form/field";
import "../form/form.css";
import { Refusal } from "../refusal";
import { useSuggestions } from "../suggestions";
import type { WhenDone } from "./change";
import { CATEGORIES, inDays, type Item, PRIORITIES } from "./item";

const FIELDS = ["title", "table", "category", "priority", "assignee", "assigneeKind", "dueDate", "estimatedSavingsUsd"];

interface Props {
  /** The table that it is about, if that is known already. */
  table: string;
  me: Me | null;
  whenDone: WhenDone;
  /** Goes to the item that was made, or back where there is none. */
  close: (made: number | null) => void;
}

export function CreateItem({ table, me, whenDone, close }: Props) {
  const list = useId();
  const write = useWrite();
  const empty = { title: "", table, category: "", priority: "", assignee: "", assigneeKind: "", dueDate: "", estimatedSavingsUsd: "" };
  const draft = useDraft(
    empty,
    (typed) => ({ title: wrongTitle(typed.title), dueDate: wrongDay(typed.dueDate), estimatedSavingsUsd: wrongAmount(typed.estimatedSavingsUsd) }),
    write.problem,
    write.forget,
  );
  const { typed } = draft;
  const [suggested] = useSuggestions(typed.table === table ? "" : typed.table);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!draft.check()) return;
    const data = await write.send<{ createActionItem: Item }>("create_action_item", variablesOf(typed));
    if (data === null) return;
    const { id, version } = data.createActionItem;
    // Owners of a table may write items about it, but not delete them.
    whenDone(t("work.created"), me?.mayWrite ? { operation: "delete_action_item", variables: { id, version } } : null);
    close(id);
  };
  const any = ["", "–"] as const;
  return (
    <form class="form" onSubmit={submit} noValidate>
      <Field draft={draft} name="title" label={t("work.field.title")} isRequired />
      <Field draft={draft} name="table" label={t("work.create.table")} list={list} note={t(me?.mayWrite ? "work.create.tableNote" : "work.create.ownTable")} />
      <datalist id={list}>
        {suggested?.map((fqn) => (
          <option key={fqn} value={fqn} />
        ))}
      </datalist>
      <Field draft={draft} name="category" label={t("work.filter.category")} known={[any, ...CATEGORIES.map((each) => [each, t(`work.category.${each}`)] as const)]} />
      <Field draft={draft} name="priority" label={t("work.field.priority")} known={[any, ...PRIORITIES.map((each) => [each, t(`work.priority.${each}`)] as const)]} />
      <Field draft={draft} name="assignee" label={t("work.field.assignee")}>
        {me && (
          <button type="button" onClick={() => (draft.set("assignee", me.name), draft.set("assigneeKind", "USER"))}>
            {t("work.me")}
          </button>
        )}
      </Field>
      <Field draft={draft} name="assigneeKind" label={t("work.field.assigneeKind")} known={kinds()} />
      <Field draft={draft} name="dueDate" label={t("work.field.dueDate")} kind="date" min={inDays(0)} />
      <Field draft={draft} name="estimatedSavingsUsd" label={t("work.create.saving")} note={t("work.create.savingNote")} />
      <Refusal problem={write.problem} atField={FIELDS} />
      <div class="actions">
        <button type="submit" class="primary" disabled={write.isBusy} aria-busy={write.isBusy}>
          {t(write.isBusy ? "table.sending" : "work.create.now")}
        </button>
        <button type="button" onClick={() => close(null)}>
          {t("work.cancel")}
        </button>
      </div>
    </form>
  );
}

/** Whether a name is of a user or of a team. */
export function kinds() {
  return [
    ["", t("work.kind.any")],
    ["USER", t("work.kind.USER")],
    ["TEAM", t("work.kind.TEAM")],
  ] as const;
}

/** What is given; a kind goes with an assignee alone. */
function variablesOf(typed: Record<string, string>): Record<string, string> {
  const named = { ...typed, estimatedSavingsUsd: amountOf(typed.estimatedSavingsUsd ?? "") ?? "" };
  const given = Object.entries(named).map(([name, text]) => [name, text.trim()] as const);
  const isAssigned = Boolean(typed.assignee?.trim());
  return Object.fromEntries(given.filter(([name, text]) => text !== "" && (name !== "assigneeKind" || isAssigned)));
}
