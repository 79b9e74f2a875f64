// Whose items, which, and in what shape. All that is chosen goes into the address at once.
import { useEffect, useId, useState } from "preact/hooks";
import { type Key, t } from "../../texts";
import { CATEGORIES, PRIORITIES, STATUSES } from "./item";
import { choose, FLAGS, SCOPES, SORTS, type State } from "./state";

export function Filters({ state }: { state: State }) {
  return (
    <section class="work-filters" aria-label={t("work.filters")}>
      <Buttons name="scope" label="work.whose" known={SCOPES} chosen={state.scope} usual="all" />
      <Buttons name="shape" label="work.shape" known={["list", "board"]} chosen={state.shape} usual="list" />
      <Select name="status" known={STATUSES} chosen={state.status} text="table.status" any="work.notDone" />
      <Select name="category" known={CATEGORIES} chosen={state.category} text="work.category" any="work.any" />
      <Select name="priority" known={PRIORITIES} chosen={state.priority} text="work.priority" any="work.any" />
      <Select name="sort" known={SORTS} chosen={[state.sort]} text="work.sort" />
      <Typed name="search" value={state.search} />
      <Typed name="service" value={state.service} />
      <fieldset class="flags">
        <legend class="hidden">{t("work.only")}</legend>
        {FLAGS.map((each) => (
          <label key={each}>
            <input type="checkbox" checked={state.flags.includes(each)} onChange={() => choose({ only: toggled(state, each) })} />
            {t(`work.only.${each}`)}
          </label>
        ))}
      </fieldset>
    </section>
  );
}

function toggled({ flags }: State, flag: State["flags"][number]): string | null {
  const rest = flags.filter((each) => each !== flag);
  return (rest.length < flags.length ? rest : [...flags, flag]).join(",") || null;
}

function Buttons(props: { name: string; label: Key; known: readonly string[]; chosen: string; usual: string }) {
  return (
    <div role="group" aria-label={t(props.label)} class="choice-buttons">
      {props.known.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={props.chosen === each}
          onClick={() => choose({ [props.name]: each === props.usual ? null : each })}
        >
          {t(`work.${props.name}.${each}` as Key)}
        </button>
      ))}
    </div>
  );
}

function Select(props: { name: "status" | "category" | "priority" | "sort"; known: readonly string[]; chosen: string[]; text: string; any?: Key }) {
  const id = useId();
  // A link may name several; a choice is one of them.
  const value = props.chosen.join(",");
  return (
    <div class="control">
      <label for={id}>{t(`work.filter.${props.name}`)}</label>
      <select id={id} value={value} onChange={(event) => choose({ [props.name]: event.currentTarget.value || null })}>
        {props.any && <option value="">{t(props.any)}</option>}
        {props.chosen.length > 1 && <option value={value}>{props.chosen.map((each) => t(`${props.text}.${each}` as Key)).join(", ")}</option>}
        {props.known.map((each) => (
          <option key={each} value={each}>
            {t(`${props.text}.${each}` as Key)}
          </option>
        ))}
      </select>
    </div>
  );
}

function Typed({ name, value }: { name: "search" | "service"; value: string }) {
  const id = useId();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const enter = () => {
    if (text.trim() !== value) choose({ [name]: text.trim() || null });
  };
  return (
    <div class="control">
      <label for={id}>{t(`work.filter.${name}`)}</label>
      <input
        id={id}
        type={name === "search" ? "search" : "text"}
        value={text}
        maxLength={255}
        autoComplete="off"
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={enter}
        onKeyDown={(event) => event.key === "Enter" && enter()}
      />
    </div>
  );
}
