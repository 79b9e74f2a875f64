import { useEffect, useMemo, useState } from "preact/hooks";
import { Answer, Card, Freshness, Heading, Link, Moment, Money, Name, Notice } from "../components/basics";
import { Csv } from "../components/csv";
import { Changes } from "../components/overview/changes";
import { marks } from "../components/overview/marks";
import { Parts } from "../components/overview/parts";
import type { Opportunity, Quality as Rate, Report, Score as Points } from "../components/overview/report";
import { lastVisit } from "../components/overview/visit";
import { Trend } from "../components/trend";
import { money, percent } from "../format";
import { useQuery } from "../query";
import { addressOf } from "../router";
import { language, t } from "../texts";
import "./overview.css";

const ASKED_EVERY = 3_000;

export function Overview() {
  const [since] = useState(lastVisit);
  const query = useQuery<Report>("get_overview", { since });
  const isPending = query.data?.ziScore.status === "PENDING";
  useEffect(() => {
    if (!isPending) return;
    const timer = setInterval(query.reload, ASKED_EVERY);
    return () => clearInterval(timer);
  }, [isPending]);
  return (
    <>
      <Heading title={t("overview")}>{t("overview")}</Heading>
      <Answer query={query} lines={12}>
        {(report) => <Body report={report} since={since} />}
      </Answer>
      {query.data === null && query.problem?.kind === "unavailable" && <Remembered />}
    </>
  );
}

/** While MySQL is away ThirdEye still knows its last score. */
function Remembered() {
  const { data } = useQuery<{ ziScore: Points & { capturedAt: string } }>("get_zi_score_details");
  const score = data?.ziScore;
  if (!score || score.status === "PENDING" || score.status === "NO_DATA") return null;
  return (
    <div class="columns remembered">
      <div>
        <Score score={score} />
        <p class="muted small">
          {t("remembered")} <Moment at={score.capturedAt} />
        </p>
      </div>
      <Parts score={score} />
    </div>
  );
}

function Body({ report, since }: { report: Report; since: string | null }) {
  const { estate, unlockPlan: plan, ziScore: score } = report;
  if (estate.total.tables === 0) {
    return (
      <Notice kind="info">
        <p>{t("emptyEstate")}</p>
      </Notice>
    );
  }
  return (
    <>
      <Freshness {...estate} />
      {score.status === "NO_EVIDENCE" && <NoEvidence coverage={score.coverage} />}
      <div class="figures">
        <Score score={score} />
        <Figure name={t("costsAMonth")} note={t("tables", { count: estate.total.tables })}>
          <Money amount={estate.total.monthlyCost} />
        </Figure>
        <Figure name={t("canGo")} note={t("canGoNote")} to={addressOf("waste", { verdict: "DELETE,ARCHIVE,STOP_REFRESH", sort: "saving" })}>
          <Money amount={plan.released} />
        </Figure>
        <Figure name={t("blocked")} note={t("blockedNote")} to={addressOf("unlock", { state: "BLOCKED" })}>
          <Money amount={plan.blocked} />
        </Figure>
        <Figure name={t("saved")} note={t("savedNote", { projected: money(report.savings.projectedUsd) ?? "" })}>
          <Money amount={report.savings.realizedUsd} />
        </Figure>
      </div>
      <Card title={t("biggest")} aside={<BiggestWays count={report.verdicts.bestSavings.length} />}>
        <Biggest tables={report.verdicts.bestSavings} />
      </Card>
      <div class="columns">
        <div>
          <History report={report} />
          <Changes changes={report.changes} since={since} />
          <Quality quality={report.verdictQuality} />
        </div>
        <Parts score={score} />
      </div>
    </>
  );
}

/** The score over time. Its points keep their identity while the report does: the chart is drawn anew only when they change. */
function History({ report }: { report: Report }) {
  const spoken = language.value;
  const points = useMemo(
    () => report.healthScoreHistory.edges.map(({ node }) => ({ at: node.bucketStart, value: node.score })),
    [report],
  );
  const happened = useMemo(() => marks(report), [report, spoken]);
  return (
    <Card title={t("scoreOverTime")}>
      <Trend label={t("scoreOverTime")} points={points} marks={happened} />
    </Card>
  );
}

/** Nobody looks which tables are used: the score says little, and there is something to do about it. */
function NoEvidence({ coverage }: { coverage: number }) {
  return (
    <Notice kind="warning">
      <p>{t("noEvidence", { share: percent(coverage, 1) ?? "" })}</p>
      <p>
        <Link to={addressOf("unlock", { actor: "OM_ADMINISTRATOR" })}>{t("noEvidenceWay")}</Link>
      </p>
    </Notice>
  );
}

function Figure(props: { name: string; note: string; to?: string; children: preact.ComponentChildren }) {
  return (
    <div class="card figure">
      <span class="muted">{props.name}</span>
      <strong>{props.to ? <Link to={props.to}>{props.children}</Link> : props.children}</strong>
      <span class="muted small">{props.note}</span>
    </div>
  );
}

function Score({ score }: { score: Points }) {
  if (score.status === "PENDING") {
    return (
      <Figure name={t("score")} note={t("pendingNote")}>
        {t("pending")}
      </Figure>
    );
  }
  const delta = score.delta === 0 ? t("sinceBefore", { delta: "±0" }) : t("sinceBefore", { delta: `${score.delta > 0 ? "+" : ""}${score.delta}` });
  return (
    <Figure name={t("score")} note={`${t("ofHundred")} · ${delta}`}>
      {score.score}
    </Figure>
  );
}

/** How often advice was wrong, with the interval that so few cases leave. */
function Quality({ quality }: { quality: Rate }) {
  return (
    <Card title={t("wasWrong")}>
      {quality.rate === null ? (
        <p>{t("nothingFollowedYet", { count: quality.standing })}</p>
      ) : (
        <>
          <p class="large">{percent(quality.rate, 1)}</p>
          <p>
            {t("wasWrongNote", {
              regrets: quality.regrets,
              count: quality.verdicts,
              lower: percent(quality.lower, 1) ?? "",
              upper: percent(quality.upper, 1) ?? "",
            })}
          </p>
        </>
      )}
    </Card>
  );
}

/** On from the biggest opportunities: those on the screen as a file, and all of them. */
function BiggestWays({ count }: { count: number }) {
  const query = new URLSearchParams({ sortBy: "saving", sortDir: "desc", first: String(count) });
  for (const verdict of ["DELETE", "ARCHIVE"]) query.append("verdict", verdict);
  for (const column of ["fqn", "recommendation", "owners", "saving"]) query.append("columns", column);
  return (
    <span class="ways">
      {count > 0 && <Csv query={query} how={t("biggestCsv")} />}
      <Link to={addressOf("waste", { sort: "saving" })}>{t("all")}</Link>
    </span>
  );
}

function Biggest({ tables }: { tables: Opportunity[] }) {
  if (tables.length === 0) return <p>{t("nothingToSave")}</p>;
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label={t("biggest")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("table")}</th>
            <th scope="col">{t("verdict")}</th>
            <th scope="col">{t("owners")}</th>
            <th scope="col" class="number">
              {t("saves")}
            </th>
          </tr>
        </thead>
        <tbody>
          {tables.map((each) => (
            <tr key={each.fqn}>
              <th scope="row">
                <Link to={addressOf("table", { fqn: each.fqn })}>
                  <Name text={each.fqn} />
                </Link>
              </th>
              <td>
                <span class={`verdict ${each.verdict.recommendation}`}>{t(`verdict.${each.verdict.recommendation}`)}</span>
              </td>
              <td>
                {each.owners.length ? <Name text={each.owners.map((owner) => owner.name).join(", ")} /> : <span class="muted">{t("nobody")}</span>}
              </td>
              <td class="number">
                <Money amount={each.verdict.saving} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
