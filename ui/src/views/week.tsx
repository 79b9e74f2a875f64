// What a person has to do this week: called off, due, waiting times that end, and all that is assigned. Needs no role.
import { useState } from "preact/hooks";
import { Answer, Card, Heading, Link, Money, Name, Notice } from "../components/basics";
import { lastVisit } from "../components/overview/visit";
import { inDays, daysUntil, type Item } from "../components/work/item";
import { Labels } from "../components/work/labels";
import { day } from "../format";
import { useMe } from "../me";
import { useQuery } from "../query";
import { addressOf } from "../router";
import { type Key, t } from "../texts";
import "./work.css";

interface Part {
  edges: { node: Item }[];
  totalCount: number;
}

type Week = Record<"alerted" | "due" | "waiting" | "assigned" | "owned" | "recent", Part>;

const SHOWN = 20;
const DAYS = 7;

export function MyWeek() {
  const me = useMe();
  const [since] = useState(lastVisit);
  const name = me.data?.me.name ?? null;
  // A day of waiting is what ends; one that is due tomorrow is due before the day after.
  const query = useQuery<Week>(name === null ? null : "get_week", { me: [name], before: inDays(DAYS + 1), first: SHOWN });
  return (
    <>
      <Heading title={t("week")}>{t("week")}</Heading>
      {name === null ? <Answer query={me}>{() => null}</Answer> : <Answer query={query}>{(week) => <Body week={week} teams={me.data?.me.teams ?? []} since={since} />}</Answer>}
    </>
  );
}

function Body({ week, teams, since }: { week: Week; teams: string[]; since: string | null }) {
  const ending = week.waiting.edges.map(({ node }) => node).filter(({ stageUntil }) => stageUntil !== null && daysUntil(stageUntil) <= DAYS);
  ending.sort((one, other) => (one.stageUntil ?? "").localeCompare(other.stageUntil ?? ""));
  // Of a first visit nobody can tell what changed since.
  const recent = week.recent.edges.filter(({ node }) => since !== null && Date.parse(node.updatedAt) > Date.parse(since));
  const isFree = week.owned.totalCount === 0 && week.assigned.totalCount === 0 && week.alerted.totalCount === 0;
  return (
    <>
      {isFree && (
        <Notice kind="info">
          <p>{t("week.free")}</p>
          <p>
            <Link to={addressOf("work", { only: "unassigned" })}>{t("week.take")}</Link>
          </p>
        </Notice>
      )}
      <Some name="week.recent" items={{ edges: recent, totalCount: recent.length }} to={{ scope: "teams", status: "OPEN,IN_PROGRESS,DONE" }} />
      <Some name="week.alerted" items={week.alerted} to={{ scope: "teams", only: "alerted" }} />
      <Some name="week.due" items={sorted(week.due)} to={{ scope: "teams" }} />
      <Some name="week.ending" items={{ edges: ending.map((node) => ({ node })), totalCount: ending.length }} to={{ scope: "teams", only: "staged" }} />
      <Some name="week.assigned" items={week.assigned} to={{ scope: "mine" }} always />
      <Some name="week.owned" note={teams.length > 0 ? t("week.teams", { teams: teams.join(", ") }) : ""} items={week.owned} to={{ scope: "teams" }} />
    </>
  );
}

function sorted({ edges, totalCount }: Part): Part {
  return { edges: [...edges].sort((one, other) => (one.node.dueDate ?? "").localeCompare(other.node.dueDate ?? "")), totalCount };
}

function Some(props: { name: Key; note?: string; items: Part; to: Record<string, string>; always?: boolean }) {
  const { edges, totalCount } = props.items;
  if (totalCount === 0 && !props.always) return null;
  return (
    <Card title={t(props.name)} aside={<Link to={addressOf("work", props.to)}>{t("week.all", { count: totalCount })}</Link>}>
      {props.note && (
        <p class="muted small">
          <bdi>{props.note}</bdi>
        </p>
      )}
      {totalCount === 0 && <p>{t("week.nothing")}</p>}
      <ul class="week">
        {edges.map(({ node }) => (
          <li key={node.id}>
            <Link to={addressOf("work", { scope: "teams", item: String(node.id) })}>
              <Name text={node.title} />
            </Link>
            <Labels item={node} />
            <span class="small muted block">
              {node.dueDate && <span class={node.overdue ? "wrong" : ""}>{t(node.overdue ? "table.overdue" : "table.due", { day: day(node.dueDate) ?? "" })} · </span>}
              <Money amount={node.projectedSavingUsd} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
