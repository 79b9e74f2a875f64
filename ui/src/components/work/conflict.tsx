// Two people changed one item: both versions side by side, and which of one's own fields are sent on top of the other's.
import { useState } from "preact/hooks";
import { type Key, t, textOf } from "../../texts";
import { noteChange } from "../../write";
import { Notice } from "../basics";
import type { ItemChange } from "./change";
import type { Changes, Item } from "./item";

const FIELDS = ["title", "status", "resolution", "resolutionReason", "priority", "assignee", "dueDate", "snoozedUntil", "stage"] as const;
type Field = (typeof FIELDS)[number];

export function Conflict({ item, change, said }: { item: Item; change: ItemChange; said: string }) {
  if (change.conflict === null) return null;
  // Another version is another conflict: all of one's own fields are chosen again.
  return <Sides key={String(change.conflict.theirs.version)} item={item} {...change.conflict} change={change} said={said} />;
}

interface Props {
  item: Item;
  mine: Changes;
  theirs: Record<string, unknown>;
  change: ItemChange;
  said: string;
}

function Sides({ item, mine, theirs, change, said }: Props) {
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const shown = FIELDS.filter((each) => each in mine || text(item[each]) !== text(theirs[each]));
  const sent = Object.fromEntries(Object.entries(mine).filter(([name]) => !left.has(name)));
  const toggle = (name: string) => {
    const next = new Set(left);
    if (!next.delete(name)) next.add(name);
    setLeft(next);
  };
  const keepTheirs = () => {
    change.forget();
    noteChange();
  };
  return (
    <Notice kind="warning">
      <p>
        <strong>{t("work.conflict")}</strong>
      </p>
      <p>{t(shown.every((each) => each in mine) ? "work.conflictOnlyComment" : "work.conflictNote")}</p>
      <div class="scrolls" tabIndex={0} role="region" aria-label={t("work.conflict")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("work.field")}</th>
              <th scope="col">{t("work.before")}</th>
              <th scope="col">{t("work.theirs")}</th>
              <th scope="col">{t("work.yours")}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((each) => (
              <tr key={each}>
                <th scope="row">{t(`work.field.${each}`)}</th>
                <td>
                  <bdi>{wordOf(each, item[each])}</bdi>
                </td>
                <td>
                  <bdi>{wordOf(each, theirs[each])}</bdi>
                </td>
                <td>
                  {each in mine && (
                    <label>
                      <input type="checkbox" checked={!left.has(each)} onChange={() => toggle(each)} /> <bdi>{wordOf(each, mine[each])}</bdi>
                    </label>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="actions">
        <button
          type="button"
          class="primary"
          disabled={change.isBusy || Object.keys(sent).length === 0}
          onClick={() => change.change(item, sent, said, Number(theirs.version))}
        >
          {t("work.sendMine")}
        </button>
        <button type="button" onClick={keepTheirs}>
          {t("work.keepTheirs")}
        </button>
      </div>
    </Notice>
  );
}

function text(value: unknown): string {
  return value === null || value === undefined ? "" : String(value);
}

function wordOf(field: Field, value: unknown): string {
  const found = text(value);
  if (found === "") return "–";
  const keys: Partial<Record<Field, string>> = { status: "table.status", resolution: "table.resolution", stage: "table.stage", priority: "work.priority" };
  return (keys[field] && textOf(`${keys[field]}.${found}` as Key)) || found;
}
