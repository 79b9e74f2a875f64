// What the score is made of, and where it loses points.
import { percent } from "../../format";
import { addressOf, listOf } from "../../router";
import { t } from "../../texts";
import { numbers } from "../../texts/formatters";
import { Card, Link, Name } from "../basics";
import type { Score } from "./report";

const DRIVERS = 5;

export function Parts({ score }: { score: Score }) {
  return (
    <Card title={t("parts")}>
      <div class="scrolls" tabIndex={0} role="region" aria-label={t("parts")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("part")}</th>
              <th scope="col" class="number">
                {t("part.value")}
              </th>
              <th scope="col" class="number">
                {t("part.weight")}
              </th>
              <th scope="col" class="number">
                {t("part.points")}
              </th>
            </tr>
          </thead>
          <tbody>
            {score.components.map((each) => (
              <tr key={each.component}>
                <th scope="row">
                  {t(`part.${each.component}`)}
                  <div class="muted small">{t(`part.${each.component}.note`)}</div>
                  <div class="part-bar" aria-hidden="true">
                    <div style={{ width: `${each.value ?? 0}%` }} />
                  </div>
                </th>
                <td class="number">{each.value === null ? <span class="muted">{t("unknown")}</span> : Math.round(each.value)}</td>
                <td class="number">{percent(each.weight / 100)}</td>
                <td class="number">{each.points}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Drivers drivers={score.drivers} />
    </Card>
  );
}

function Drivers({ drivers }: { drivers: Score["drivers"] }) {
  const lost = drivers.filter((each) => each.points > 0).slice(0, DRIVERS);
  if (lost.length === 0) return null;
  const points = numbers({ maximumFractionDigits: 1, minimumFractionDigits: 1 });
  return (
    <>
      <h3 class="small">{t("drivers")}</h3>
      <ul class="drivers">
        {lost.map((each) => (
          <li key={`${each.component} ${each.service}`}>
            <Link to={addressOf("waste", { service: listOf([each.service]) })}>
              <Name text={each.service} />
            </Link>{" "}
            <span class="muted">
              · {t(`part.${each.component}`)} · {t("driver.points", { points: points.format(each.points) })}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
