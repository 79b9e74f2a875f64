// What happened beside the score: changes of policy and rules, and items that were completed.
import { t } from "../../texts";
import type { Mark } from "../trend";
import type { Report } from "./report";

// Whose rules are those that a new installation has.
const OURSELVES = "thirdeye";

export function marks(report: Report): Mark[] {
  return [
    ...report.policyHistory.flatMap(({ setBy, setAt }): Mark[] =>
      setBy && setAt ? [{ at: setAt, kind: "changed", text: t("mark.policy", { name: setBy }) }] : [],
    ),
    ...report.actionRules.flatMap(({ name, setBy, setAt }): Mark[] =>
      setBy === OURSELVES ? [] : [{ at: setAt, kind: "changed", text: t("mark.rule", { rule: name, name: setBy }) }],
    ),
    ...completed(report),
  ];
}

/** One mark a day, however many items. */
function completed(report: Report): Mark[] {
  const days = new Map<string, number>();
  for (const { node } of report.actionItems.edges) {
    const day = node.resolvedAt?.slice(0, 10);
    if (day) days.set(day, (days.get(day) ?? 0) + 1);
  }
  return [...days].map(([day, count]) => ({ at: `${day}T12:00:00Z`, kind: "completed", text: t("mark.completed", { count }) }));
}
