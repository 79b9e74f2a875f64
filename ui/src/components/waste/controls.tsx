// One control for each kind of filter: in the view of waste all that is chosen goes into the address, in a form into its draft.
import { useEffect, useId, useState } from "preact/hooks";
import { bytes, day, money, percent } from "../../format";
import { type Key, t } from "../../texts";
import { type Filter, type FilterName, parse, type Value, written } from "./filters";

export interface ControlProps {
  filter: Filter & { name: FilterName };
  value: Value | undefined;
  /** Takes what is chosen; null for nothing. */
  set: (value: Value | null) => void;
}

export function Control(props: ControlProps) {
  switch (props.filter.kind) {
    case "names":
      return <Names {...props} />;
    case "choices":
      return <Choices {...props} />;
    case "yesNo":
      return <YesNo {...props} />;
    default:
      return <Typed {...props} />;
  }
}

export function nameOf(name: FilterName): string {
  return t(`waste.filter.${name}`);
}

/** What a choice is called; where it has no text of its own, as tiers do, it is one itself. */
export function choiceOf(name: FilterName, choice: string): string {
  const keys: Partial<Record<FilterName, string>> = {
    verdict: `verdict.${choice}`,
    activity: `waste.activity.${choice}`,
    blocker: `waste.blocker.${choice}`,
    evidence: `waste.evidence.${choice}`,
    unknownReasons: `waste.unknownReason.${choice}`,
  };
  const key = keys[name];
  if (key !== undefined) return t(key as Key);
  return choice === "NONE" ? t("waste.none") : choice === "OTHER" ? t("waste.other") : choice;
}

/** A value of a filter as people read it, of those that are no list. */
export function saidOf(filter: Filter, value: boolean | number | string): string {
  if (typeof value === "boolean") return t(value ? "waste.yes" : "waste.no");
  const said: Partial<Record<Filter["kind"], string | null>> = {
    money: filter.kind === "money" ? money(value) : null,
    bytes: filter.kind === "bytes" ? bytes(value) : null,
    day: filter.kind === "day" ? day(String(value)) : null,
    share: filter.kind === "share" ? percent(Number(value), 1) : null,
  };
  return said[filter.kind] ?? String(value);
}

/** Takes one name after the other; those chosen stand as marks above the list. */
function Names({ filter, value, set }: ControlProps) {
  const id = useId();
  const [text, setText] = useState("");
  const chosen = Array.isArray(value) ? value : [];
  const add = () => {
    const name = text.trim();
    setText("");
    if (name && !chosen.includes(name)) set([...chosen, name]);
  };
  const enter = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    // It means this name, not the form that it may stand in.
    event.preventDefault();
    add();
  };
  return (
    <div class="control">
      <label for={id}>{nameOf(filter.name)}</label>
      <input
        id={id}
        value={text}
        maxLength={1000}
        autoComplete="off"
        spellcheck={false}
        placeholder={t("waste.addName")}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={enter}
        onBlur={add}
      />
    </div>
  );
}

function Choices({ filter, value, set }: ControlProps) {
  const id = useId();
  const chosen = Array.isArray(value) ? value : [];
  const toggle = (choice: string) => {
    const rest = chosen.filter((each) => each !== choice);
    const next = rest.length < chosen.length ? rest : [...chosen, choice];
    set(next.length > 0 ? next : null);
  };
  const said = chosen.length === 0 ? t("waste.any") : chosen.map((each) => choiceOf(filter.name, each)).join(", ");
  return (
    <div class="control">
      <span id={id}>{nameOf(filter.name)}</span>
      <details class="choices" onKeyDown={closeOnEscape} onFocusOut={closeOnLeaving}>
        <summary aria-labelledby={`${id} ${id}-said`}>
          <span id={`${id}-said`}>{said}</span>
        </summary>
        {/* Takes the focus of a click between its choices, which would else go to the page around. */}
        <fieldset aria-labelledby={id} tabIndex={-1}>
          {filter.choices?.map((choice) => (
            <label key={choice}>
              <input type="checkbox" checked={chosen.includes(choice)} onChange={() => toggle(choice)} />
              {choiceOf(filter.name, choice)}
            </label>
          ))}
        </fieldset>
      </details>
    </div>
  );
}

export function closeOnEscape(event: KeyboardEvent) {
  const details = event.currentTarget as HTMLDetailsElement;
  if (event.key !== "Escape" || !details.open) return;
  details.open = false;
  details.querySelector("summary")?.focus();
}

/** Closes what the focus left for something else; later, as it is still on its way now. */
export function closeOnLeaving(event: FocusEvent) {
  const details = event.currentTarget as HTMLDetailsElement;
  setTimeout(() => {
    const { activeElement } = document;
    if (activeElement !== document.body && !details.contains(activeElement)) details.open = false;
  });
}

function YesNo({ filter, value, set }: ControlProps) {
  const id = useId();
  return (
    <div class="control">
      <label for={id}>{nameOf(filter.name)}</label>
      <select
        id={id}
        value={value === undefined ? "" : String(value)}
        onChange={(event) => set(parse(filter, event.currentTarget.value))}
      >
        <option value="">{t("waste.any")}</option>
        <option value="true">{t("waste.yes")}</option>
        <option value="false">{t("waste.no")}</option>
      </select>
    </div>
  );
}

/** An amount, a size, a number or a day; what cannot be read stays in the field and is said. */
function Typed({ filter, value, set }: ControlProps) {
  const id = useId();
  const known = value === undefined ? "" : written(value);
  const [text, setText] = useState(known);
  useEffect(() => setText(known), [known]);
  const found = text.trim() === "" ? "" : parse(filter, text);
  const isWrong = found === null;
  const enter = () => {
    if (!isWrong) set(found === "" ? null : found);
  };
  const enterByKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    enter();
  };
  return (
    <div class="control">
      <label for={id}>{nameOf(filter.name)}</label>
      <input
        id={id}
        type={filter.kind === "day" ? "date" : "text"}
        inputMode={filter.kind === "day" || filter.kind === "bytes" ? undefined : "decimal"}
        value={text}
        maxLength={40}
        autoComplete="off"
        placeholder={filter.kind === "bytes" ? "10 GB" : undefined}
        aria-invalid={isWrong}
        aria-describedby={isWrong ? `${id}-wrong` : undefined}
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={enter}
        onKeyDown={enterByKey}
      />
      {isWrong && (
        <span id={`${id}-wrong`} class="wrong small" role="alert">
          {t(`waste.wrong.${filter.kind}` as Key)}
        </span>
      )}
    </div>
  );
}
