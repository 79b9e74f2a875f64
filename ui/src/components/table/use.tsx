// Who used a table and when: figures, and the last days one by one.
import { count, day } from "../../format";
import { t, textOf } from "../../texts";
import { Card } from "../basics";
import type { TableOfPage } from "./answer";
import { Calendar } from "./calendar";
import { Fact } from "./facts";

export function Use({ table }: { table: TableOfPage }) {
  const { observation } = table;
  const never = table.evidence === "QUERIES" ? t("table.never") : t("unknown");
  return (
    <Card title={t("table.use")} aside={<span class="label">{textOf(`table.activity.${table.activity}`) ?? table.activity}</span>}>
      <p lang="en">
        <bdi>{table.activityReason}</bdi>
      </p>
      <dl class="across">
        <Fact name={t("table.firstUse")}>{day(table.firstUse) ?? never}</Fact>
        <Fact name={t("table.lastUse")}>{day(table.lastUse ?? table.lastAccessed) ?? never}</Fact>
        <Fact name={t("table.longestPause")}>
          {table.daysOfUse > 1 ? t("table.pauseOf", { count: table.longestPauseDays }) : t("table.noPause")}
        </Fact>
        <Fact name={t("table.daysOfUse")}>{counted(table, table.daysOfUse)}</Fact>
        <Fact name={t("table.queries")}>{counted(table, table.queries30d)}</Fact>
        <Fact name={t("table.idle")}>{table.idleDays === null ? t("unknown") : t("table.watchedDays", { count: table.idleDays })}</Fact>
        <Fact name={t("table.lastWritten")}>{day(table.lastWritten) ?? t("unknown")}</Fact>
        <Fact name={t("table.watched")}>
          {observation ? t("table.watchedOf", { watched: observation.watchedDays, count: observation.days }) : t("unknown")}
        </Fact>
      </dl>
      <Calendar days={table.lastDays} />
      {observation?.note && (
        <p class="muted" lang="en">
          {observation.note}
        </p>
      )}
    </Card>
  );
}

/** Of what nobody counts, none is not nothing. */
function counted(table: TableOfPage, number: number): string {
  return number > 0 || table.evidence === "QUERIES" ? count(number) : t("unknown");
}
