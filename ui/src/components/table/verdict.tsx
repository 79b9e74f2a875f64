// What to do with a table, and how likely it is that somebody wants it back.
import { percent } from "../../format";
import { type Key, t } from "../../texts";
import { Card, Money } from "../basics";
import type { Risk, VerdictOfTable } from "./answer";

export function VerdictCard({ verdict }: { verdict: VerdictOfTable }) {
  return (
    <Card
      title={t("verdict")}
      aside={<span class={`verdict ${verdict.recommendation}`}>{t(`verdict.${verdict.recommendation}`)}</span>}
    >
      <p>{t(`table.says.${verdict.recommendation}`)}</p>
      {verdict.recommendation !== "KEEP" && verdict.recommendation !== "REVIEW" && (
        <p>
          {t("saves")}: <Money amount={verdict.saving} />. {verdict.effort && t(`table.effort.${verdict.effort}`)}
        </p>
      )}
      <h3>{t("table.reasons")}</h3>
      <ul lang="en">
        {reasonsOf(verdict).map((each) => (
          <li key={each}>
            <bdi>{each}</bdi>
          </li>
        ))}
      </ul>
      <h3>{t("table.risk")}</h3>
      {verdict.returnRisk ? <RiskShown risk={verdict.returnRisk} /> : <p>{t("table.noRisk")}</p>}
      <Basis verdict={verdict} />
    </Card>
  );
}

/** Why, each once. The last of the reasons says what the verdict advises, which stands above in the reader's language. */
function reasonsOf({ reasons, signsOfCare }: VerdictOfTable): string[] {
  return [...new Set([...reasons.slice(0, -1), ...signsOfCare])];
}

function RiskShown({ risk }: { risk: Risk }) {
  const { value, expected } = risk;
  const sentences: string[] = [];
  if (risk.like > 0) sentences.push(t("table.riskLike", { count: risk.returned, like: risk.like }));
  if (risk.seasonUnseen) sentences.push(t("table.riskSeason"));
  if (risk.fromDownstream) sentences.push(t("table.riskDownstream"));
  return (
    <>
      <p>
        {value === null
          ? t("table.riskUnknown")
          : expected === null
            ? t("table.riskUpper", { upper: percent(value, 1) ?? "" })
            : t("table.riskInterval", { expected: percent(expected, 1) ?? "", upper: percent(value, 1) ?? "" })}
      </p>
      {value !== null && (
        <div class="risk" aria-hidden="true">
          <div class="risk-upper" style={{ width: `${value * 100}%` }} />
          {expected !== null && <div class="risk-mean" style={{ left: `${expected * 100}%` }} />}
        </div>
      )}
      {sentences.length > 0 && <p>{sentences.join(" ")}</p>}
    </>
  );
}

/** What the number rests on, rung by rung, and what the next rung needs. */
function Basis({ verdict }: { verdict: VerdictOfTable }) {
  const { ladder, returnRisk: risk } = verdict;
  return (
    <>
      <h3>{t("table.basis")}</h3>
      <p>
        {t(`table.rung.${ladder.rung}` as Key)} {t("table.lookBack", { count: verdict.lookBackDays })}
        {risk && ` ${t("table.ownShare", { share: percent(risk.ownShare) ?? "" })}`}
      </p>
      <p class="muted" lang="en">
        {ladder.next}
      </p>
    </>
  );
}
