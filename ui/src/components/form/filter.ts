// A filter of tables as people type it: JSON, as the API's TableFilterInput has it.
import { t } from "../../texts";

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
