// One change of many items: looked at first, then made, so many at a time. Each part is made as a whole or not at all.
import { useEffect, useRef, useState } from "preact/hooks";
import { useTask } from "../../task";
import { t } from "../../texts";
import { isUntold, noteChange } from "../../write";
import { Refusal } from "../refusal";
import type { WhenDone } from "./change";
import { inDays, isText, type Changes, type Item, PRIORITIES } from "./item";
import { look as lookAt, type Looked, make, type Part, type State, statesOf, undoManyOf } from "./many";

const FIELDS = ["assignee", "dueDate", "priority", "status", "snoozedUntil", "dismiss"] as const;
type Field = (typeof FIELDS)[number];

interface Props {
  filter: Record<string, unknown>;
  total: number;
  page: Item[];
  chosen: ReadonlySet<number>;
  choose: (chosen: ReadonlySet<number>) => void;
  whenDone: WhenDone;
}

interface Preview extends Looked {
  changes: Changes;
  /** The items as they are before it. */
  before: State[];
}

export function Bulk({ filter, total, page, chosen, choose, whenDone }: Props) {
  const mine = page.filter((each) => each.mayChange);
  const [isAll, setAll] = useState(false);
  useEffect(() => setAll(false), [chosen.size === 0]);
  if (mine.length === 0) return null;
  const isWholePage = mine.every((each) => chosen.has(each.id));
  return (
    <div class="bulk">
      <label>
        <input type="checkbox" checked={isWholePage} onChange={() => choose(new Set(isWholePage ? [] : mine.map((each) => each.id)))} /> {t("work.choosePage")}
      </label>
      {chosen.size > 0 && (
        <>
          <span role="status"> {t("work.chosen", { count: isAll ? total : chosen.size })}</span>
          {isWholePage && total > page.length && (
            <button type="button" aria-pressed={isAll} onClick={() => setAll(!isAll)}>
              {t("work.chooseAll", { count: total })}
            </button>
          )}
          <Change filter={filter} items={isAll ? null : page.filter((each) => chosen.has(each.id))} whenDone={whenDone} finish={() => choose(new Set())} />
        </>
      )}
    </div>
  );
}

/** Of these items, or of all that the filter matches. */
function Change({ filter, items, whenDone, finish }: { filter: Record<string, unknown>; items: Item[] | null; whenDone: WhenDone; finish: () => void }) {
  const [field, setField] = useState<Field>("assignee");
  const [value, setValue] = useState("");
  const [preview, setPreview] = useState<Preview | null>(null);
  const [made, setMade] = useState(0);
  const { isBusy, problem, signal, run, forget } = useTask();
  // Those that were changed, as they were before; there are more looks than one where a part fails.
  const earlier = useRef(new Map<number, State>());
  // Another choice is another change: what was looked at no longer tells anything of it.
  useEffect(() => {
    setPreview(null);
    forget();
    setMade(0);
    earlier.current = new Map();
  }, [field, value, JSON.stringify(items?.map(({ id }) => id)), JSON.stringify(filter)]);
  const look = () =>
    run(async () => {
      const changes = changesOf(field, value);
      const before = items ?? (await statesOf(filter, signal));
      const looked = await lookAt(filter, before.map(({ id }) => id), changes, signal);
      setMade(0);
      setPreview({ ...looked, changes, before });
    });
  /** What was sent may be made though its answer is lost: it is taken back as well, if it was. */
  const noted = async (part: Part, before: State[], send: () => Promise<void>) => {
    const ids = new Set(part.filter.ids);
    const items = before.filter(({ id }) => ids.has(id) && !earlier.current.has(id));
    for (const item of items) earlier.current.set(item.id, item);
    try {
      await send();
    } catch (error) {
      if (!isUntold(error)) for (const { id } of items) earlier.current.delete(id);
      throw error;
    }
  };
  const apply = ({ parts, changes, changed, before }: Preview) =>
    run(async () => {
      // Goes on where it stopped: a part that failed is sent under the key that it had.
      for (let part = made; part < parts.length; part += 1) {
        const one = parts[part] as Part;
        await noted(one, before, () => make(one, signal));
        setMade(part + 1);
      }
      noteChange();
      const undo = undoManyOf([...earlier.current.values()], changes);
      whenDone(t("work.bulkDone", { count: changed }), undo.items.length > 0 ? undo : null);
      finish();
    });
  return (
    <form
      class="bulk-change"
      onSubmit={(event) => {
        event.preventDefault();
        void (preview ? apply(preview) : look());
      }}
    >
      <label>
        {t("work.bulkField")}{" "}
        <select value={field} onChange={(event) => (setField(event.currentTarget.value as Field), setValue(""))}>
          {FIELDS.map((each) => (
            <option key={each} value={each}>
              {t(each === "dismiss" ? "work.dismiss" : `work.field.${each}`)}
            </option>
          ))}
        </select>
      </label>
      <Value field={field} value={value} set={setValue} />
      {preview ? (
        <>
          <p role="status">
            {t("work.bulkPreview", { count: sum(preview.parts), changed: preview.changed })} {field === "dismiss" && t("work.dismissConsequence")}{" "}
            {preview.parts.length > 1 && t("work.bulkParts", { done: made, count: preview.parts.length })}
          </p>
          <button type="submit" class="primary" disabled={isBusy || preview.changed === 0} aria-busy={isBusy}>
            {t("work.bulkApply", { count: preview.changed })}
          </button>
          <button type="button" disabled={isBusy} onClick={() => setPreview(null)}>
            {t("work.cancel")}
          </button>
        </>
      ) : (
        <button type="submit" disabled={isBusy || !isComplete(field, value)} aria-busy={isBusy}>
          {t("work.bulkLook")}
        </button>
      )}
      <Refusal problem={problem} />
      {problem?.kind === "conflict" && (
        <button type="button" onClick={look}>
          {t("work.bulkLookAgain")}
        </button>
      )}
    </form>
  );
}

function sum(parts: Looked["parts"]): number {
  return parts.reduce((total, each) => total + each.matched, 0);
}

function changesOf(field: Field, value: string): Changes {
  if (field === "dismiss") return { resolution: "DISMISSED", resolutionReason: value.trim() };
  if (field === "snoozedUntil") return { snoozedUntil: value ? `${value}T00:00:00Z` : null };
  return { [field]: value.trim() || null };
}

/** An assignee and days may be taken away; all else is given. */
function isComplete(field: Field, value: string): boolean {
  if (field === "dismiss") return isText(value);
  return field === "assignee" || field === "dueDate" || field === "snoozedUntil" || value !== "";
}

function Value({ field, value, set }: { field: Field; value: string; set: (value: string) => void }) {
  const label = t(field === "dismiss" ? "table.why" : `work.field.${field}`);
  if (field === "priority" || field === "status") {
    const known = field === "priority" ? PRIORITIES : (["OPEN", "IN_PROGRESS", "DONE"] as const);
    return (
      <select aria-label={label} value={value} onChange={(event) => set(event.currentTarget.value)}>
        <option value="">–</option>
        {known.map((each) => (
          <option key={each} value={each}>
            {t(each in STATUS_KEYS ? STATUS_KEYS[each as keyof typeof STATUS_KEYS] : `work.priority.${each as (typeof PRIORITIES)[number]}`)}
          </option>
        ))}
      </select>
    );
  }
  const isDay = field === "dueDate" || field === "snoozedUntil";
  return (
    <input
      type={isDay ? "date" : "text"}
      aria-label={label}
      placeholder={isDay ? undefined : t(field === "dismiss" ? "table.why" : "work.nobody")}
      min={isDay ? inDays(field === "dueDate" ? 0 : 1) : undefined}
      value={value}
      dir="auto"
      onInput={(event) => set(event.currentTarget.value)}
    />
  );
}

const STATUS_KEYS = { OPEN: "table.status.OPEN", IN_PROGRESS: "table.status.IN_PROGRESS", DONE: "table.status.DONE" } as const;
