// Which columns the list has; the choice is kept in the address.
import { t } from "../../texts";
import { COLUMNS, type ColumnName, DEFAULT_COLUMNS } from "./columns";
import { closeOnEscape, closeOnLeaving } from "./controls";
import { choose } from "./stay";

export function ColumnChoice({ chosen }: { chosen: ColumnName[] }) {
  const toggle = (name: ColumnName) => {
    const next = COLUMNS.map((each) => each.name).filter((each) => (each === name ? !chosen.includes(each) : chosen.includes(each)));
    const isDefault = next.length === DEFAULT_COLUMNS.length && DEFAULT_COLUMNS.every((each) => next.includes(each));
    choose({ columns: isDefault ? null : next.join(",") || "none" });
  };
  return (
    <details class="choices columns-choice" onKeyDown={closeOnEscape} onFocusOut={closeOnLeaving}>
      <summary>{t("waste.columns")}</summary>
      <fieldset aria-label={t("waste.columns")} tabIndex={-1}>
        {COLUMNS.map(({ name }) => (
          <label key={name}>
            <input type="checkbox" checked={chosen.includes(name)} onChange={() => toggle(name)} />
            {t(`waste.column.${name}`)}
          </label>
        ))}
      </fieldset>
    </details>
  );
}
