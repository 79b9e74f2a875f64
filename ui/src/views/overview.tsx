import { Answer, Card, Freshness, Heading, Link, Money, Name, Notice } from "../components/basics";
import { Trend } from "../components/trend";
import { count, money, percent } from "../format";
import { useQuery } from "../query";
import { addressOf } from "../router";
import { t } from "../texts";
import type { Owner, Verdict } from "../types";

interface Report {
  ziScore: {
    score: number | null;
    status: string;
    trend: string | null;
    delta: number | null;
    coverage: number | null;
    capturedAt: string | null;
    drivers: { component: string; service: string; points: number }[];
  };
  healthScoreHistory: { edges: { node: { bucketStart: string; score: number | null; status: string } }[] };
  estate: {
    refreshedAt: string;
    stale: boolean;
    warnings: string[];
    total: { tables: number; monthlyCost: string | null; zombies: number; zombieCost: string | null };
  };
  unlockPlan: { monthlyCost: string; released: string; stays: string; blocked: string; tables: number; tablesOfUnknownCost: number };
  verdicts: {
    bestSavings: {
      fqn: string;
      monthlyCost: string | null;
      owners: Owner[];
      verdict: { recommendation: Verdict; saving: string | null; reasons: string[] };
    }[];
  };
  savings: { realizedUsd: string; projectedUsd: string };
  verdictQuality: { verdicts: number; regrets: number; rate: number | null; lower: number | null; upper: number | null; standing: number };
}

export function Overview() {
  const query = useQuery<Report>("get_report", { groups: 5, tables: 5 });
  return (
    <>
      <Heading title={t("overview")}>{t("overview")}</Heading>
      <Answer query={query} lines={12}>
        {(report) => <Body report={report} />}
      </Answer>
    </>
  );
}

function Body({ report }: { report: Report }) {
  const { estate, unlockPlan: plan } = report;
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
      <div class="figures">
        <Score score={report.ziScore} />
        <Figure name={t("costsAMonth")} note={t("tables", { count: estate.total.tables })}>
          <Money amount={estate.total.monthlyCost} />
        </Figure>
        <Figure name={t("canGo")} note={t("canGoNote")} to={addressOf("waste", { verdict: "DELETE,ARCHIVE,STOP_REFRESH" })}>
          <Money amount={plan.released} />
        </Figure>
        <Figure name={t("blocked")} note={t("blockedNote")} to={addressOf("unlock")}>
          <Money amount={plan.blocked} />
        </Figure>
        <Figure name={t("saved")} note={t("savedNote", { projected: money(report.savings.projectedUsd) ?? "" })}>
          <Money amount={report.savings.realizedUsd} />
        </Figure>
      </div>
      <div class="columns">
        <Card title={t("scoreOverTime")}>
          <Trend
            label={t("scoreOverTime")}
            points={report.healthScoreHistory.edges.map(({ node }) => ({ at: node.bucketStart, value: node.score }))}
          />
        </Card>
        <Quality quality={report.verdictQuality} />
      </div>
      <Card title={t("biggest")} aside={<Link to={addressOf("waste", { sort: "saving" })}>{t("all")}</Link>}>
        <Biggest tables={report.verdicts.bestSavings} />
      </Card>
    </>
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

function Score({ score }: { score: Report["ziScore"] }) {
  const delta = score.delta === null ? "" : t("sinceBefore", { delta: `${score.delta > 0 ? "+" : ""}${score.delta}` });
  return (
    <div class="card figure">
      <span class="muted">{t("score")}</span>
      <strong>{score.score === null ? t("pending") : score.score}</strong>
      <span class="muted small">{score.score === null ? t("pendingNote") : delta || t("ofHundred")}</span>
    </div>
  );
}

/** How often advice was wrong, with the interval that so few cases leave. */
function Quality({ quality }: { quality: Report["verdictQuality"] }) {
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

function Biggest({ tables }: { tables: Report["verdicts"]["bestSavings"] }) {
  if (tables.length === 0) return <p>{t("nothingToSave")}</p>;
  return (
    <div class="scrolls">
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
                {each.owners.length ? each.owners.map((owner) => owner.name).join(", ") : <span class="muted">{t("nobody")}</span>}
              </td>
              <td class="number">
                <Money amount={each.verdict.saving} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hidden">{count(tables.length)}</p>
    </div>
  );
}
