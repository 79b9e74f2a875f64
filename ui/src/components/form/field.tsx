// One field of a form: its name, what is typed, and below it what is wrong with it.
import type { ComponentChildren } from "preact";
import { FieldProblem } from "../refusal";
import type { Draft } from "./draft";

interface Props<Name extends string> {
  draft: Draft<Name>;
  name: Name;
  label: string;
  kind?: "text" | "date" | "lines" | "code";
  /** What may be chosen, by value; anything may be typed where there is nothing. */
  known?: readonly (readonly [string, string])[];
  isRequired?: boolean;
  note?: string | undefined;
  min?: string;
  list?: string;
  /** What stands beside the field. */
  children?: ComponentChildren;
}

export function Field<Name extends string>(props: Props<Name>) {
  const { draft, name, known, kind = "text" } = props;
  const id = `${draft.id}-${name}`;
  const wrong = draft.wrongOf(name);
  const shared = {
    id,
    value: draft.typed[name],
    "aria-required": props.isRequired,
    "aria-invalid": wrong !== null || draft.problem?.argument === name,
    "aria-describedby": `${props.note ? `${id}-note ` : ""}${id}-wrong ${id}-refused`,
  };
  const type = (event: { currentTarget: { value: string } }) => draft.set(name, event.currentTarget.value);
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <div class="with-button">
        {known ? (
          <select {...shared} onChange={type}>
            {known.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        ) : kind === "lines" || kind === "code" ? (
          <textarea {...shared} rows={kind === "code" ? 4 : 3} class={kind} dir={kind === "code" ? "ltr" : "auto"} spellcheck={false} onInput={type} />
        ) : (
          <input {...shared} type={kind} min={props.min} list={props.list} dir="auto" autoComplete="off" onInput={type} />
        )}
        {props.children}
      </div>
      {props.note && (
        <p id={`${id}-note`} class="muted small">
          {props.note}
        </p>
      )}
      <p id={`${id}-wrong`} class="wrong small" role="status">
        {wrong}
      </p>
      <FieldProblem id={`${id}-refused`} problem={draft.problem} argument={name} />
    </div>
  );
}
