// What people set of an item. Only what was touched is sent; what is wrong is said at its field and nothing typed is lost.
import { useId, useState } from "preact/hooks";
import type { Me } from "../../me";
import { t } from "../../texts";
import { FieldProblem, Refusal } from "../refusal";
import { useItemChange, type WhenDone } from "./change";
import { Conflict } from "./conflict";
import { inDays, type Changes, PRIORITIES, type WholeItem } from "./item";

const LONGEST_TITLE = 255;
const FIELDS = ["title", "assignee", "assigneeKind", "dueDate", "snoozedUntil", "priority"];
type Draft = Partial<Record<"title" | "assignee" | "assigneeKind" | "dueDate" | "snoozedUntil" | "priority", string>>;

export function Edit({ item, me, whenDone }: { item: WholeItem; me: Me | null; whenDone: WhenDone }) {
  const id = useId();
  const [draft, setDraft] = useState<Draft>({});
  const [isTried, setTried] = useState(false);
  const change = useItemChange((text, undo) => {
    setDraft({});
    setTried(false);
    whenDone(text, undo);
  });
  const value = (name: keyof Draft): string => draft[name] ?? (name === "snoozedUntil" ? (item.snoozedUntil?.slice(0, 10) ?? "") : (item[name] ?? ""));
  const set = (name: keyof Draft) => (event: { currentTarget: { value: string } }) => setDraft({ ...draft, [name]: event.currentTarget.value });
  const wrong: Partial<Record<keyof Draft, string>> = {
    ...([...value("title").trim()].length >= 1 && [...value("title").trim()].length <= LONGEST_TITLE ? {} : { title: t("work.titleLength") }),
    ...(draft.dueDate && draft.dueDate < inDays(0) ? { dueDate: t("work.notPast") } : {}),
    ...(draft.snoozedUntil && draft.snoozedUntil <= inDays(0) ? { snoozedUntil: t("work.notPast") } : {}),
  };
  const changes = changesOf(draft, item);
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    const first = Object.keys(wrong)[0];
    if (first) document.getElementById(`${id}-${first}`)?.focus();
    else if (Object.keys(changes).length > 0) void change.change(item, changes, t("work.changed"));
  };
  const described = (name: keyof Draft) => ({
    id: `${id}-${name}`,
    value: value(name),
    onInput: set(name),
    "aria-invalid": (isTried && name in wrong) || change.problem?.argument === name,
    "aria-describedby": `${id}-${name}-wrong ${id}-${name}-refused`,
  });
  const below = (name: keyof Draft) => (
    <>
      <p id={`${id}-${name}-wrong`} class="wrong small" role="status">
        {isTried ? wrong[name] : ""}
      </p>
      <FieldProblem id={`${id}-${name}-refused`} problem={change.problem} argument={name} />
    </>
  );
  return (
    <form class="decide edit" onSubmit={submit} noValidate>
      <h3>{t("work.edit")}</h3>
      <label for={`${id}-assignee`}>{t("table.assignee")}</label>
      <div class="with-button">
        <input {...described("assignee")} autoComplete="off" placeholder={t("work.nobody")} />
        {me && (
          <button type="button" onClick={() => setDraft({ ...draft, assignee: me.name, assigneeKind: "USER" })}>
            {t("work.me")}
          </button>
        )}
        <select {...described("assigneeKind")} aria-label={t("work.field.assigneeKind")}>
          <option value="">{t("work.kind.any")}</option>
          <option value="USER">{t("work.kind.USER")}</option>
          <option value="TEAM">{t("work.kind.TEAM")}</option>
        </select>
      </div>
      {below("assignee")}
      {below("assigneeKind")}
      <label for={`${id}-dueDate`}>{t("work.field.dueDate")}</label>
      <input type="date" min={inDays(0)} {...described("dueDate")} />
      {below("dueDate")}
      <label for={`${id}-snoozedUntil`}>{t("work.field.snoozedUntil")}</label>
      <input type="date" min={inDays(1)} {...described("snoozedUntil")} />
      {below("snoozedUntil")}
      <label for={`${id}-priority`}>{t("work.field.priority")}</label>
      <select {...described("priority")}>
        {item.priority === null && <option value="">–</option>}
        {PRIORITIES.map((each) => (
          <option key={each} value={each}>
            {t(`work.priority.${each}`)}
          </option>
        ))}
      </select>
      {below("priority")}
      <label for={`${id}-title`}>{t("work.field.title")}</label>
      <input {...described("title")} dir="auto" />
      {below("title")}
      <Conflict item={item} change={change} said={t("work.changed")} />
      {!change.conflict && <Refusal problem={change.problem} atField={FIELDS} />}
      <button type="submit" class="primary" disabled={change.isBusy || Object.keys(changes).length === 0} aria-busy={change.isBusy}>
        {t(change.isBusy ? "table.sending" : "work.save")}
      </button>
    </form>
  );
}

/** The fields that differ from the item; an empty one is taken away. */
function changesOf(draft: Draft, item: WholeItem): Changes {
  const changes: Changes = {};
  for (const name of ["title", "dueDate", "priority"] as const) {
    const typed = draft[name]?.trim();
    if (typed !== undefined && typed !== (item[name] ?? "")) changes[name] = typed || null;
  }
  const { snoozedUntil } = draft;
  if (snoozedUntil !== undefined && snoozedUntil !== (item.snoozedUntil?.slice(0, 10) ?? "")) {
    changes.snoozedUntil = snoozedUntil ? `${snoozedUntil}T00:00:00Z` : null;
  }
  const assignee = draft.assignee?.trim() ?? item.assignee ?? "";
  const kind = draft.assigneeKind ?? (draft.assignee === undefined ? (item.assigneeKind ?? "") : "");
  if (assignee !== (item.assignee ?? "") || (draft.assigneeKind !== undefined && kind !== (item.assigneeKind ?? ""))) {
    changes.assignee = assignee || null;
    if (assignee && kind) changes.assigneeKind = kind;
  }
  return changes;
}
