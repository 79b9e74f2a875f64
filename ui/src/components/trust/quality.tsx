// How often advice was wrong, with the interval that so few cases leave; and whether the risk that was promised came true.
import { day, percent } from "../../format";
import { t, textOf } from "../../texts";
import { Card, Moment, Name } from "../basics";
import type { Rate, Trust } from "./trust";

export function Quality({ quality }: { quality: Trust["verdictQuality"] }) {
  return (
    <Card title={t("trust.quality")} aside={<span class="muted small">{`${day(quality.from)} – ${day(quality.to)}`}</span>}>
      {quality.rate === null ? (
        <p>{t("nothingFollowedYet", { count: quality.standing })}</p>
      ) : (
        <p>
          <strong class="large">{percent(quality.rate, 1)}</strong>{" "}
          {t("wasWrongNote", { regrets: quality.regrets, count: quality.verdicts, lower: percent(quality.lower, 1) ?? "", upper: percent(quality.upper, 1) ?? "" })}
        </p>
      )}
      <Rates
        label={t("trust.quality")}
        first={t("verdict")}
        rows={quality.byVerdict.map((each) => ({ ...each, key: each.recommendation, name: textOf(`verdict.${each.recommendation}`) ?? each.recommendation }))}
      />
      {quality.byClass.length > 0 && (
        <details>
          <summary>{t("trust.classes")}</summary>
          <Rates
            label={t("trust.classes")}
            first={t("trust.class")}
            rows={quality.byClass.map((each) => ({
              ...each,
              key: each.recommendation + each.like,
              name: each.like,
              promised: each.promisedRisk,
              note: each.calibrationOff ? t("trust.off") : "",
            }))}
          />
        </details>
      )}
    </Card>
  );
}

export function Calibration({ quality: { calibration, calibratedAt } }: { quality: Trust["verdictQuality"] }) {
  const made = calibratedAt && (
    <span class="muted small">
      {t("asOf")} <Moment at={calibratedAt} />
    </span>
  );
  return (
    <Card title={t("trust.calibration")} aside={made}>
      <p class="muted">{t("trust.calibrationNote")}</p>
      {calibration.length === 0 ? (
        <p>{t("trust.calibrationNone")}</p>
      ) : (
        <Rates
          label={t("trust.calibration")}
          first={t("trust.risk")}
          rows={calibration.map((each) => ({ ...each, key: String(each.from), name: `${percent(each.from)} – ${percent(each.to)}`, promised: each.expectedRisk }))}
        />
      )}
    </Card>
  );
}

interface Row extends Rate {
  key: string;
  name: string;
  promised?: number | null;
  note?: string;
}

function Rates({ rows, label, first }: { rows: Row[]; label: string; first: string }) {
  if (rows.length === 0) return null;
  const hasPromise = rows.some((each) => each.promised !== undefined);
  return (
    <div class="scrolls short" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            <th scope="col">{first}</th>
            <th scope="col" class="number">
              {t("trust.given")}
            </th>
            <th scope="col" class="number">
              {t("trust.regretted")}
            </th>
            {hasPromise && (
              <th scope="col" class="number">
                {t("trust.promised")}
              </th>
            )}
            <th scope="col" class="number">
              {t("trust.happened")}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((each) => (
            <tr key={each.key}>
              <th scope="row">
                <Name text={each.name} />
                {each.note && <span class="wrong block small">{each.note}</span>}
              </th>
              <td class="number">{each.verdicts}</td>
              <td class="number">{each.regrets}</td>
              {hasPromise && <td class="number">{percent(each.promised, 1) ?? t("unknown")}</td>}
              <td class="number">{shareOf(each)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The share with its 95 % interval. */
export function shareOf({ rate, lower, upper }: Rate): string {
  if (rate === null) return t("unknown");
  return `${percent(rate, 1)} (${percent(lower, 1)} – ${percent(upper, 1)})`;
}
