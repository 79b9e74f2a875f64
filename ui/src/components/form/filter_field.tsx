// A filter of tables in a form: a control for each field, as in the view of waste, or all of it as text.
import { useState } from "preact/hooks";
import { t } from "../../texts";
import { Fold, Name } from "../basics";
import { FieldProblem } from "../refusal";
import { choiceOf, Control, nameOf, saidOf } from "../waste/controls";
import { FILTERS, type Filter, type FilterName, type Filters, type Value } from "../waste/filters";
import type { Draft } from "./draft";
import { Field } from "./field";
import { textOfValues, valuesIn } from "./filter";

interface Props<Names extends string> {
  draft: Draft<Names | "filter">;
  isRequired?: boolean;
  note?: string;
}

export function FilterField<Names extends string>({ draft, isRequired = false, note }: Props<Names>) {
  const values = valuesIn(draft.typed.filter);
  // Whoever types text goes on with it once it could be shown as fields.
  const [isText, setText] = useState(values === null);
  const asText = isText || values === null;
  const toggle = (
    <button type="button" aria-pressed={asText} disabled={values === null} onClick={() => setText(!isText)}>
      {t("form.asText")}
    </button>
  );
  if (asText) {
    return (
      <Field draft={draft} name="filter" label={t("admin.filterText")} kind="code" isRequired={isRequired} note={values === null ? t("form.textOnly") : note}>
        {toggle}
      </Field>
    );
  }
  const change = (name: FilterName, value: Value | null) => {
    const { [name]: _, ...others } = values;
    draft.set("filter", textOfValues(value === null ? others : { ...others, [name]: value }));
  };
  return <Fields draft={draft} values={values} change={change} note={note} toggle={toggle} />;
}

interface FieldsProps<Names extends string> {
  draft: Draft<Names | "filter">;
  values: Filters;
  change: (name: FilterName, value: Value | null) => void;
  note: string | undefined;
  toggle: preact.JSX.Element;
}

function Fields<Names extends string>({ draft, values, change, note, toggle }: FieldsProps<Names>) {
  const id = `${draft.id}-filter`;
  const wrong = draft.wrongOf("filter");
  const control = (filter: (typeof FILTERS)[number]) => (
    <Control key={filter.name} filter={filter} value={values[filter.name]} set={(value) => change(filter.name, value)} />
  );
  const [common, others] = [true, false].map((isCommon) => FILTERS.filter((each: Filter) => (each.common === true) === isCommon));
  return (
    <fieldset id={id} class="filter-field" tabIndex={-1} aria-describedby={`${id}-wrong ${id}-refused`}>
      <legend>{t("admin.filter")}</legend>
      <Chosen values={values} change={change} />
      <div class="controls">{common?.map(control)}</div>
      <Fold open={false} summary={t("waste.moreFilters")}>
        {() => <div class="controls">{others?.map(control)}</div>}
      </Fold>
      {toggle}
      {note && <p class="muted small">{note}</p>}
      <p id={`${id}-wrong`} class="wrong small" role="status">
        {wrong}
      </p>
      <FieldProblem id={`${id}-refused`} problem={draft.problem} argument="filter" />
    </fieldset>
  );
}

/** What is chosen, one mark each, with which it is dropped. */
function Chosen({ values, change }: Pick<FieldsProps<never>, "values" | "change">) {
  const marks = FILTERS.flatMap((filter: Filter & { name: FilterName }) => {
    const value = values[filter.name];
    if (value === undefined) return [];
    if (!Array.isArray(value)) return [{ name: filter.name, said: saidOf(filter, value), without: null }];
    return value.map((each) => {
      const rest = value.filter((other) => other !== each);
      return { name: filter.name, said: filter.kind === "choices" ? choiceOf(filter.name, each) : each, without: rest.length > 0 ? rest : null };
    });
  });
  if (marks.length === 0) return <p class="muted small">{t("form.noFilter")}</p>;
  return (
    <ul class="marks" aria-label={t("waste.chosen")}>
      {marks.map(({ name, said, without }) => (
        <li key={`${name} ${said}`}>
          <button type="button" class="mark" aria-label={t("waste.drop", { name: `${nameOf(name)}: ${said}` })} onClick={() => change(name, without)}>
            {nameOf(name)}: <Name text={said} /> <span aria-hidden="true">×</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
