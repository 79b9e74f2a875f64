// Finds a table from anywhere: suggestions while one types, as the combobox of ARIA's Authoring Practices has it.
import { useId, useState } from "preact/hooks";
import { addressOf, go } from "../router";
import { t } from "../texts";
import { Name } from "./basics";
import { useSuggestions } from "./suggestions";
import "./finder.css";

export function Finder() {
  const id = useId();
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(-1);
  const [suggested, close] = useSuggestions(typed);
  const isOpen = suggested !== null && suggested.length > 0;
  const leave = (address: string) => {
    setTyped("");
    setActive(-1);
    close();
    go(address);
  };
  const choose = () => {
    const fqn = suggested?.[active];
    if (fqn !== undefined) leave(addressOf("table", { fqn }));
    else if (typed.trim()) leave(addressOf("waste", { search: typed.trim() }));
  };
  const escape = () => {
    if (isOpen) close();
    else setTyped("");
    setActive(-1);
  };
  const step = (by: number) => {
    // The field itself is a stop between the last suggestion and the first.
    const stops = (suggested?.length ?? 0) + 1;
    setActive(((active + 1 + by + stops) % stops) - 1);
  };
  const keys: Record<string, () => void> = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: choose,
    Escape: escape,
  };
  return (
    <div class="finder" role="search" aria-label={t("finder")}>
      <label class="hidden" for={id}>
        {t("finder")}
      </label>
      <input
        id={id}
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={isOpen}
        aria-controls={isOpen ? `${id}-list` : undefined}
        aria-activedescendant={isOpen && active >= 0 ? `${id}-${active}` : undefined}
        value={typed}
        maxLength={200}
        autoComplete="off"
        spellcheck={false}
        placeholder={t("finder")}
        onInput={(event) => {
          setActive(-1);
          setTyped(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          const act = event.isComposing ? undefined : keys[event.key];
          if (act === undefined) return;
          event.preventDefault();
          act();
        }}
        onBlur={() => {
          setActive(-1);
          close();
        }}
      />
      <span class="hidden" role="status">
        {suggested === null ? "" : t("finder.found", { count: suggested.length })}
      </span>
      {isOpen && (
        <ul id={`${id}-list`} role="listbox" aria-label={t("finder.list")}>
          {suggested.map((fqn, place) => (
            <li
              key={fqn}
              id={`${id}-${place}`}
              role="option"
              aria-selected={place === active}
              // The field keeps the focus: else the list would close before the click.
              onPointerDown={(event) => event.preventDefault()}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => leave(addressOf("table", { fqn }))}
            >
              <Name text={fqn} />
            </li>
          ))}
        </ul>
      )}
      {suggested?.length === 0 && <p class="finder-none muted small">{t("finder.none")}</p>}
    </div>
  );
}
