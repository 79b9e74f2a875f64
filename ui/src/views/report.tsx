// What `thirdeye report` tells, as a page for a meeting: on paper it has neither menu nor buttons.
import type { ComponentChildren } from "preact";
import { Answer, Card, Freshness, Heading, Money, Name } from "../components/basics";
import { day, percent } from "../format";
import { useQuery } from "../query";
import { t, textOf } from "../texts";
import "./report.css";

interface Report {
  ziScore: { score: number; status: string; delta: number; coverage: number; capturedAt: string };
  estate: { refreshedAt: string; stale: boolean; warnings: string[]; total: { tables: number; monthlyCost: string | null; zombies: number; zombieCost: string | null } };
  unlockPlan: { monthlyCost: string; released: string; stays: string; blocked: string; tables: number; groups: Group[] };
  verdicts: { bestSavings: { fqn: string; owners: { name: string }[]; verdict: { recommendation: string; saving: string | null } }[] };
  savings: { from: string; to: string; projectedUsd: string; realizedUsd: string; unproven: number; openUsd: string };
  verdictQuality: { verdicts: number; regrets: number; rate: number | null; lower: number | null; upper: number | null; standing: number };
}

interface Group {
  state: string;
  reason: string;
  service: string | null;
  database: string | null;
  owners: { name: string }[];
  tables: number;
  monthlyCost: string;
  action: string;
}

export function ReportView() {
  const query = useQuery<Report>("get_report", { groups: 10, tables: 10 });
  return (
    <>
      <Heading title={t("report")}>{t("report")}</Heading>
      <Answer query={query} lines={12}>
        {(report) => <Body report={report} />}
      </Answer>
    </>
  );
}

function Body({ report }: { report: Report }) {
  const { estate, unlockPlan: plan, verdictQuality: quality, savings, ziScore: score } = report;
  return (
    <>
      <button type="button" class="primary" onClick={() => print()}>
        {t("report.print")}
      </button>
      <Freshness {...estate} />
      <Card title={t("report.sums")}>
        <dl class="report-sums">
          <Sum name={t("score")}>{score.status === "PENDING" || score.status === "NO_DATA" ? t("unknown") : `${score.score} ${t("ofHundred")}`}</Sum>
          <Sum name={t("costsAMonth")}>
            <Money amount={estate.total.monthlyCost} /> ({t("tables", { count: estate.total.tables })})
          </Sum>
          <Sum name={t("canGo")}>
            <Money amount={plan.released} />
          </Sum>
          <Sum name={t("report.stays")}>
            <Money amount={plan.stays} />
          </Sum>
          <Sum name={t("blocked")}>
            <Money amount={plan.blocked} />
          </Sum>
          <Sum name={t("saved")}>
            <Money amount={savings.realizedUsd} /> ({`${day(savings.from)} – ${day(savings.to)}`})
          </Sum>
          <Sum name={t("wasWrong")}>
            {quality.rate === null
              ? t("nothingFollowedYet", { count: quality.standing })
              : t("wasWrongNote", { regrets: quality.regrets, count: quality.verdicts, lower: percent(quality.lower, 1) ?? "", upper: percent(quality.upper, 1) ?? "" })}
          </Sum>
        </dl>
      </Card>
      <Card title={t("biggest")}>
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
              {report.verdicts.bestSavings.map((each) => (
                <tr key={each.fqn}>
                  <th scope="row">
                    <Name text={each.fqn} />
                  </th>
                  <td>{textOf(`verdict.${each.verdict.recommendation}`)}</td>
                  <td>{each.owners.length > 0 ? <Name text={each.owners.map(({ name }) => name).join(", ")} /> : t("nobody")}</td>
                  <td class="number">
                    <Money amount={each.verdict.saving} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Card>
      <Card title={t("report.groups")}>
        <ol class="report-groups">
          {plan.groups.map((each, index) => (
            <li key={index}>
              <strong>
                <Money amount={each.monthlyCost} />
              </strong>{" "}
              · {textOf(`unlock.state.${each.state}`) ?? each.state} · {textOf(`unlock.reason.${each.reason}`) ?? each.reason} · {t("tables", { count: each.tables })}
              {each.service && (
                <>
                  {" "}
                  · <Name text={[each.service, each.database].filter(Boolean).join(".")} />
                </>
              )}
              <span class="block muted" lang="en">
                {each.action}
              </span>
            </li>
          ))}
        </ol>
      </Card>
    </>
  );
}

function Sum({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
