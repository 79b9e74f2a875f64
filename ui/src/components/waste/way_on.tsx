// What in the address cannot be followed, in a sentence, and links to the same list without it.
import type { Problem } from "../../api";
import { place } from "../../router";
import { t } from "../../texts";
import { Notice } from "../basics";
import type { Parameter, State } from "./address";
import { nameOf } from "./controls";
import { withoutFilters } from "./filter_panel";
import { FILTERS, type FilterName } from "./filters";
import { Stay } from "./stay";

function called(name: Parameter): string {
  const filter = FILTERS.find((each) => each.name === name)?.name as FilterName | undefined;
  if (filter) return nameOf(filter);
  return t(name === "search" ? "waste.search" : name === "columns" ? "waste.columns" : name === "collapse" ? "waste.collapse" : name === "sort" || name === "dir" ? "waste.order" : "waste.page");
}

export function Unreadable({ unreadable }: Pick<State, "unreadable">) {
  if (unreadable.length === 0) return null;
  return (
    <Notice kind="warning">
      {unreadable.map(({ name, text }) => (
        <p key={name}>
          {t("waste.unreadable", { name: called(name) })} <bdi class="name">{text.slice(0, 100)}</bdi>{" "}
          <Stay changes={{ [name]: null }}>{t("waste.drop", { name: called(name) })}</Stay>
        </p>
      ))}
    </Notice>
  );
}

// What the question calls otherwise than the address.
const NAMES: Record<string, Parameter> = { sortBy: "sort", sortDir: "dir" };

/** Ways on from what the server refuses: it names the argument first. */
export function WayOn({ problem }: { problem: Problem | null }) {
  if (problem?.kind !== "badInput") return null;
  const argument = /^(\w+):/.exec(problem.detail)?.[1] ?? "";
  const name = NAMES[argument] ?? (argument as Parameter);
  const { params } = place.value;
  return (
    <p class="way-on">
      {params.has(name) && name !== "after" && name !== "before" && (
        <Stay changes={{ [name]: null }}>{t("waste.drop", { name: called(name) })}</Stay>
      )}
      {(params.has("after") || params.has("before")) && (
        <Stay changes={{ after: null, before: null }}>{t("waste.fromStart")}</Stay>
      )}
      <Stay changes={{ ...withoutFilters(), sort: null, dir: null, after: null, before: null }}>{t("waste.dropAll")}</Stay>
    </p>
  );
}
