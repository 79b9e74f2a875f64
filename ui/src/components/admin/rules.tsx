// The rules by which findings become items: what a change would open and end is seen before it is made.
import { useId, useState } from "preact/hooks";
import { ask, Problem } from "../../api";
import { addressOf } from "../../router";
import { t, textOf } from "../../texts";
import { useWrite } from "../../write";
import { Card, Link, Moment, Money, Name } from "../basics";
import { FieldProblem, Refusal } from "../refusal";
import { PRIORITIES } from "../work/item";
import type { Rule } from "./admin";

interface Preview {
  previewActionRule: { matched: number; opens: number; ends: number; decided: number; tables: { fqn: string; monthlyCost: string | null }[] };
}

export function Rules({ rules, reload }: { rules: Rule[]; reload: () => void }) {
  const [open, setOpen] = useState<number | null>(null);
  return (
    <Card title={t("admin.rules")}>
      <ul class="rules">
        {rules.map((rule) => (
          <li key={rule.id}>
            <strong>
              <Name text={rule.name} />
            </strong>{" "}
            · {textOf(`work.category.${rule.category}`) ?? rule.category} · {textOf(`work.priority.${rule.priority}`) ?? rule.priority}
            {!rule.enabled && ` · ${t("admin.disabled")}`}{" "}
            <span class="muted small">
              {t("admin.setBy")} <Name text={rule.setBy} />, <Moment at={rule.setAt} />
            </span>{" "}
            <button type="button" aria-expanded={open === rule.id} aria-label={t("admin.changeOne", { name: rule.name })} onClick={() => setOpen(open === rule.id ? null : rule.id)}>
              {t("admin.change")}
            </button>
            {open === rule.id && <Edit rule={rule} done={() => (setOpen(null), reload())} />}
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** The filter as it was typed; null for what is no object. */
function filterIn(text: string): Record<string, unknown> | null {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === "object" && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function Edit({ rule, done }: { rule: Rule; done: () => void }) {
  const id = useId();
  const [filter, setFilter] = useState(rule.filter);
  const [priority, setPriority] = useState(rule.priority);
  const [most, setMost] = useState(String(rule.maximumItems));
  const [isEnabled, setEnabled] = useState(rule.enabled);
  const [preview, setPreview] = useState<Preview["previewActionRule"] | null>(null);
  const [refused, setRefused] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const write = useWrite();
  const found = filterIn(filter);
  const input = { filter: found, priority, maximumItems: Number(most), enabled: isEnabled };
  // What was looked at belongs to what was typed then.
  const typed =
    <Value,>(set: (value: Value) => void) =>
    (value: Value) => {
      set(value);
      setPreview(null);
    };
  const look = async () => {
    setBusy(true);
    setRefused(null);
    try {
      setPreview((await ask<Preview>("preview_action_rule", { id: rule.id, input, first: 10 })).previewActionRule);
    } catch (error) {
      setRefused(error instanceof Problem ? error : new Problem("other", String(error)));
    } finally {
      setBusy(false);
    }
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (found === null) document.getElementById(`${id}-filter`)?.focus();
    else if (preview === null) await look();
    else if ((await write.send("set_action_rule", { id: rule.id, input })) !== null) done();
  };
  const problem = write.problem ?? refused;
  return (
    <form class="decide confirm" onSubmit={submit} noValidate>
      <label for={`${id}-filter`}>{t("admin.filter")}</label>
      <textarea
        id={`${id}-filter`}
        rows={4}
        spellcheck={false}
        value={filter}
        aria-invalid={found === null}
        aria-describedby={`${id}-filter-wrong ${id}-filter-refused`}
        onInput={(event) => typed(setFilter)(event.currentTarget.value)}
      />
      <p id={`${id}-filter-wrong`} class="wrong small" role="status">
        {found === null && t("admin.filterWrong")}
      </p>
      <FieldProblem id={`${id}-filter-refused`} problem={problem} argument="filter" />
      <label for={`${id}-priority`}>{t("work.field.priority")}</label>
      <select id={`${id}-priority`} value={priority} onChange={(event) => typed(setPriority)(event.currentTarget.value)}>
        {PRIORITIES.map((each) => (
          <option key={each} value={each}>
            {t(`work.priority.${each}`)}
          </option>
        ))}
      </select>
      <label for={`${id}-most`}>{t("admin.maximumItems")}</label>
      <input id={`${id}-most`} type="number" min={1} max={100000} value={most} aria-describedby={`${id}-most-refused`} onInput={(event) => typed(setMost)(event.currentTarget.value)} />
      <FieldProblem id={`${id}-most-refused`} problem={problem} argument="maximumItems" />
      <label>
        <input type="checkbox" checked={isEnabled} onChange={(event) => typed(setEnabled)(event.currentTarget.checked)} /> {t("admin.enabled")}
      </label>
      {preview && (
        <div role="status">
          <p>
            {t("admin.preview", { matched: preview.matched, opens: preview.opens, ends: preview.ends, decided: preview.decided })} {t("admin.ruleConsequence")}
          </p>
          <ul class="small">
            {preview.tables.map((each) => (
              <li key={each.fqn}>
                <Link to={addressOf("table", { fqn: each.fqn })}>
                  <Name text={each.fqn} />
                </Link>{" "}
                · <Money amount={each.monthlyCost} />
              </li>
            ))}
          </ul>
        </div>
      )}
      <Refusal problem={problem} atField={["filter", "maximumItems"]} />
      <button type="submit" class="primary" disabled={isBusy || write.isBusy} aria-busy={isBusy || write.isBusy}>
        {t(preview ? "admin.setRule" : "admin.lookRule")}
      </button>
    </form>
  );
}
