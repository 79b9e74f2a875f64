// What an item's state is, in a few words beside its title.
import { day } from "../../format";
import { t, textOf } from "../../texts";
import { daysUntil, type Item } from "./item";

export function Labels({ item }: { item: Item }) {
  const words = [
    item.resolution ? textOf(`table.resolution.${item.resolution}`) : textOf(`table.status.${item.status}`),
    textOf(`work.priority.${item.priority}`),
    item.stage && waiting(item),
    item.snoozed && item.snoozedUntil && t("work.snoozedTo", { day: day(item.snoozedUntil.slice(0, 10)) ?? "" }),
  ];
  return (
    <span class="block small muted">
      {words.filter(Boolean).join(" · ")}
      {item.alert && (
        <span class="wrong block">
          <bdi>{item.alert}</bdi>
        </span>
      )}
    </span>
  );
}

/** The stage of its table's end, and for how long that still waits. */
export function waiting(item: Item): string {
  const stage = textOf(`work.stage.${item.stage}`) ?? item.stage ?? "";
  if (item.stageUntil === null) return stage;
  const count = daysUntil(item.stageUntil);
  return `${stage}: ${count > 0 ? t("work.waits", { count }) : t("work.waited")}`;
}
