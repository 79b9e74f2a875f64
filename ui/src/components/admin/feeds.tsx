// What is known of use, by database, and what an administrator may confirm of it.
import { Fragment } from "preact";
import { useId, useState } from "preact/hooks";
import { day, percent } from "../../format";
import { t, textOf } from "../../texts";
import { useQuery } from "../../query";
import { useFresh, useWrite } from "../../write";
import { Answer, Card, Fold, Moment, Name } from "../basics";
import { FieldProblem, Refusal } from "../refusal";
import { useShown } from "../waste/shown";
import { isText } from "../work/item";
import type { Confirmed, Feed, Service } from "./admin";

const SHORTEST = 3;

// An estate may have hundreds of services.
const SHOWN = 50;

export function Feeds({ services }: { services: Service[] }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? services : services.slice(0, SHOWN);
  return (
    <Card title={t("admin.feeds")}>
      <p class="muted">{t("admin.feedsNote")}</p>
      {shown.map((service) => (
        <Fold key={service.name} summary={<Summary service={service} />}>
          {() => <FeedsOf service={service.name} />}
        </Fold>
      ))}
      {shown.length < services.length && (
        <p class="muted small">
          {t("waste.more", { count: services.length - shown.length })}{" "}
          <button type="button" class="plain small" onClick={() => setWhole(true)}>
            {t("all")}
          </button>
        </p>
      )}
    </Card>
  );
}

function Summary({ service: { name, type, tables, feed } }: { service: Service }) {
  return (
    <>
      <Name text={name} /> {type && <span class="muted">({type})</span>} · {t("tables", { count: tables })} ·{" "}
      {textOf(`admin.state.${feed.state}`) ?? feed.state} · {t("admin.sized", { share: percent(feed.sizedShare) ?? t("unknown") })}
    </>
  );
}

interface ServiceFeeds {
  databases: Feed[];
  lineageConfirmed: Confirmed | null;
}

/** An estate may have hundreds of services: of which one looks, is asked when it is opened. */
function FeedsOf({ service }: { service: string }) {
  const query = useFresh(useQuery<{ services: ServiceFeeds[] }>("get_service_feeds", { name: service }));
  const { shown } = useShown(query);
  return (
    <Answer query={shown} lines={3}>
      {({ services }) =>
        services.map(({ databases, lineageConfirmed }) => (
          <Fragment key={service}>
            <Databases service={service} databases={databases} />
            <p>{t("admin.lineage")}</p>
            <Confirm what="lineage" name={service} confirmed={lineageConfirmed} />
          </Fragment>
        ))
      }
    </Answer>
  );
}

function Databases({ service, databases }: { service: string; databases: Feed[] }) {
  return (
    <ul class="feeds">
      {databases.map((each) => (
        <li key={each.name}>
          <strong>
            <Name text={each.name ?? t("admin.noDatabase")} />
          </strong>{" "}
          · {t("tables", { count: each.tables })} · {textOf(`admin.state.${each.state}`) ?? each.state}
          <span class="block muted small">
            {t("admin.watched", { share: percent(each.coverage) ?? t("unknown"), count: each.observedDays })}
            {each.newestWatched && ` · ${t("admin.newest", { day: day(each.newestWatched) ?? "" })}`}
          </span>
          {each.problems.map((problem) => (
            <span key={problem} class="block small wrong">
              {textOf(`admin.problem.${problem}`) ?? problem}
            </span>
          ))}
          {each.advice.map((advice) => (
            <span key={advice} class="block small" lang="en">
              {advice}
            </span>
          ))}
          <Confirm what="feed" name={fqnOf(service, each.name)} confirmed={each.confirmed} />
        </li>
      ))}
    </ul>
  );
}

/** OpenMetadata quotes names with dots or quotes in them; a service without databases is confirmed as a whole. */
function fqnOf(service: string, database: string | null): string {
  return [service, database]
    .filter((each) => each !== null)
    .map((each) => (/[."]/.test(each) ? `"${each.replace(/"/g, '""')}"` : each))
    .join(".");
}

/** What is confirmed, and under which name the API has it. */
const OPERATIONS = { feed: ["confirm_feed", "fqn"], lineage: ["confirm_lineage", "service"] } as const;

interface ConfirmProps {
  what: keyof typeof OPERATIONS;
  name: string;
  confirmed: Confirmed | null;
}

function Confirm({ what, name, confirmed }: ConfirmProps) {
  const [operation, argument] = OPERATIONS[what];
  const id = useId();
  const [isAsked, setAsked] = useState(false);
  const [reason, setReason] = useState("");
  const [isTried, setTried] = useState(false);
  const write = useWrite();
  const isWrong = isTried && !isText(reason, SHORTEST);
  const submit = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (!isText(reason, SHORTEST)) return;
    if ((await write.send(operation, { [argument]: name, reason: reason.trim(), complete: confirmed === null })) === null) return;
    setReason("");
    setTried(false);
    setAsked(false);
  };
  return (
    <>
      {confirmed && (
        <blockquote class="small">
          <bdi>{confirmed.reason}</bdi>
          <footer class="muted">
            <bdi>{confirmed.by}</bdi>, <Moment at={confirmed.at} />
          </footer>
        </blockquote>
      )}
      {!isAsked ? (
        <button type="button" aria-label={t(`admin.${confirmed ? "withdraw" : "confirm"}One${what === "lineage" ? ".lineage" : ""}`, { name })} onClick={() => setAsked(true)}>
          {t(confirmed ? "admin.withdraw" : "admin.confirm")}
        </button>
      ) : (
        <form class="confirm" onSubmit={submit} noValidate>
          <p>{t(`admin.${confirmed ? "withdraw" : "confirm"}Consequence${what === "lineage" ? ".lineage" : ""}`)}</p>
          <label for={id}>{t("table.why")}</label>{" "}
          <input id={id} value={reason} dir="auto" aria-required="true" aria-invalid={isWrong} aria-describedby={`${id}-limits ${id}-wrong`} onInput={(event) => setReason(event.currentTarget.value)} />
          <p id={`${id}-limits`} class={isWrong ? "wrong small" : "muted small"}>
            {t("table.reasonLength", { shortest: SHORTEST, longest: 1000 })}
          </p>
          <FieldProblem id={`${id}-wrong`} problem={write.problem} argument="reason" />
          <Refusal problem={write.problem} atField={["reason"]} />
          <button type="submit" class="primary" disabled={write.isBusy}>
            {t(confirmed ? "admin.withdraw" : "admin.confirm")}
          </button>{" "}
          <button type="button" onClick={() => setAsked(false)}>
            {t("work.cancel")}
          </button>
        </form>
      )}
    </>
  );
}
