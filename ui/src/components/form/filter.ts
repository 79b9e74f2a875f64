// A filter of tables in a form: JSON as the API's TableFilterInput has it, and the same as values of the view of waste.
import { t } from "../../texts";
import { FILTERS, type Filter, type Filters, parse, type Value } from "../waste/filters";

/** The filter as it was typed; null for what is no object. */
export function filterIn(text: string): Record<string, unknown> | null {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === "object" && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

export function wrongFilter(text: string): string | null {
  return filterIn(text) === null ? t("admin.filterWrong") : null;
}

/** The same as values of fields; null where a field cannot show what was typed. Nothing typed is no value. */
export function valuesIn(text: string): Filters | null {
  const found = text.trim() === "" ? {} : filterIn(text);
  if (found === null) return null;
  const values: [string, Value][] = [];
  for (const [name, given] of Object.entries(found)) {
    if (given === null) continue;
    const filter = FILTERS.find((each) => each.name === name);
    const value = filter ? valueOf(filter, given) : null;
    if (value === null) return null;
    values.push([name, value]);
  }
  return Object.fromEntries(values);
}

function valueOf(filter: Filter, given: unknown): Value | null {
  if (filter.kind === "names" || filter.kind === "choices") {
    return Array.isArray(given) && given.length > 0 && given.every((each) => typeof each === "string" && each !== "") ? (given as string[]) : null;
  }
  if (filter.kind === "yesNo") return typeof given === "boolean" ? given : null;
  return typeof given === "string" || typeof given === "number" ? parse(filter, String(given)) : null;
}

/** Values as the text that is kept; nothing for none. */
export function textOfValues(values: Filters): string {
  return Object.keys(values).length > 0 ? JSON.stringify(values) : "";
}
