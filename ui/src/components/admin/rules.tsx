// The rules by which findings become items: what a rule or its change would open and end is seen before it is made.
import { useState } from "preact/hooks";
import { ask, Problem } from "../../api";
import { addressOf } from "../../router";
import { t, textOf } from "../../texts";
import { useWrite } from "../../write";
import { Card, Link, Moment, Money, Name } from "../basics";
import { Delete } from "../form/delete";
import { useDraft, wrongTitle } from "../form/draft";
import { Field } from "../form/field";
import { filterIn, wrongFilter } from "../form/filter";
import { FilterField } from "../form/filter_field";
import "../form/form.css";
import { Refusal } from "../refusal";
import { CATEGORIES, PRIORITIES } from "../work/item";
import type { Rule } from "./admin";

interface Preview {
  matched: number;
  opens: number;
  ends: number;
  decided: number;
  tables: { fqn: string; monthlyCost: string | null }[];
}

const FIELDS = ["name", "category", "filter", "priority", "maximumItems", "position"] as const;
const NEW = { name: "", category: "PURGE", filter: "", priority: "MEDIUM", maximumItems: "10000", position: "100" };

export function Rules({ rules, reload }: { rules: Rule[]; reload: () => void }) {
  const [open, setOpen] = useState<number | "new" | null>(null);
  const [said, setSaid] = useState("");
  const done = (text: string) => {
    setOpen(null);
    setSaid(text);
    reload();
  };
  const toggle = (rule: number | "new") => setOpen(open === rule ? null : rule);
  return (
    <Card
      title={t("admin.rules")}
      aside={
        <button type="button" aria-expanded={open === "new"} onClick={() => toggle("new")}>
          {t("admin.newRule")}
        </button>
      }
    >
      <p role="status">{said}</p>
      {open === "new" && <Edit rule={null} done={() => done(t("admin.ruleSet"))} />}
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
            <button type="button" aria-expanded={open === rule.id} aria-label={t("admin.changeOne", { name: rule.name })} onClick={() => toggle(rule.id)}>
              {t("admin.change")}
            </button>
            {open === rule.id && (
              <>
                <Edit rule={rule} done={() => done(t("admin.ruleSet"))} />
                <Delete
                  operation="delete_action_rule"
                  variables={{ id: rule.id }}
                  label={t("admin.deleteRule")}
                  consequence={t("admin.deleteRuleConsequence")}
                  now={t("work.deleteNow")}
                  done={() => done(t("admin.ruleDeleted"))}
                />
              </>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Edit({ rule, done }: { rule: Rule | null; done: () => void }) {
  const [preview, setPreview] = useState<Preview | null>(null);
  const [isEnabled, setEnabled] = useState(rule?.enabled ?? true);
  const [refused, setRefused] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const write = useWrite();
  const problem = write.problem ?? refused;
  // What was looked at, or refused, belongs to what was typed then.
  const changed = () => {
    setPreview(null);
    setRefused(null);
    write.forget();
  };
  const before = rule === null ? NEW : { ...rule, maximumItems: String(rule.maximumItems), position: String(rule.position) };
  const start = Object.fromEntries(FIELDS.map((name) => [name, before[name]])) as Record<(typeof FIELDS)[number], string>;
  const draft = useDraft(
    start,
    (typed) => ({
      name: wrongTitle(typed.name),
      filter: typed.filter.trim() ? wrongFilter(typed.filter) : t("admin.filterMissing"),
      maximumItems: wrongNumber(typed.maximumItems, 1, 100_000),
      position: wrongNumber(typed.position, 0, 10_000),
    }),
    problem,
    changed,
  );
  const { typed } = draft;
  const variables = {
    ...(rule === null ? {} : { id: rule.id }),
    input: {
      name: typed.name.trim(),
      category: typed.category,
      filter: filterIn(typed.filter),
      priority: typed.priority,
      maximumItems: Number(typed.maximumItems),
      position: Number(typed.position),
      enabled: isEnabled,
    },
  };
  const look = async () => {
    setBusy(true);
    setRefused(null);
    try {
      setPreview((await ask<{ previewActionRule: Preview }>("preview_action_rule", { ...variables, first: 10 })).previewActionRule);
    } catch (error) {
      setRefused(error instanceof Problem ? error : new Problem("other", String(error)));
    } finally {
      setBusy(false);
    }
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!draft.check()) return;
    if (preview === null) await look();
    else if ((await write.send("set_action_rule", variables)) !== null) done();
  };
  return (
    <form class="form confirm" onSubmit={submit} noValidate>
      <Field draft={draft} name="name" label={t("admin.ruleName")} isRequired />
      <Field draft={draft} name="category" label={t("work.filter.category")} known={CATEGORIES.map((each) => [each, t(`work.category.${each}`)] as const)} />
      <FilterField draft={draft} isRequired />
      <Field draft={draft} name="priority" label={t("work.field.priority")} known={PRIORITIES.map((each) => [each, t(`work.priority.${each}`)] as const)} />
      <Field draft={draft} name="maximumItems" label={t("admin.maximumItems")} />
      <Field draft={draft} name="position" label={t("admin.position")} />
      <label>
        <input type="checkbox" checked={isEnabled} onChange={(event) => (setEnabled(event.currentTarget.checked), changed())} /> {t("admin.enabled")}
      </label>
      {preview && <Previewed preview={preview} />}
      <Refusal problem={problem} atField={FIELDS} />
      <div class="actions">
        <button type="submit" class="primary" disabled={isBusy || write.isBusy} aria-busy={isBusy || write.isBusy}>
          {t(preview ? "admin.setRule" : "admin.lookRule")}
        </button>
      </div>
    </form>
  );
}

function Previewed({ preview }: { preview: Preview }) {
  return (
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
  );
}

function wrongNumber(text: string, lowest: number, highest: number): string | null {
  const number = Number(text);
  const isRight = /^\d{1,9}$/.test(text.trim()) && number >= lowest && number <= highest;
  return isRight ? null : t("form.numberWrong", { lowest, highest });
}
