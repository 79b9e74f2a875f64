// Savings by group, as a table.
import { useState } from "preact/hooks";
import { t } from "../../texts";
import { Money, Name } from "../basics";
import type { Group } from "./savings";

// An estate may have thousands of services and owners.
const SHOWN = 100;

export function Groups({ groups, label, head }: { groups: Group[]; label: string; head: string }) {
  const [isWhole, setWhole] = useState(false);
  if (groups.length === 0) return <p class="muted">{t("savings.none")}</p>;
  const shown = isWhole ? groups : groups.slice(0, SHOWN);
  return (
    <>
      <div class="scrolls short" tabIndex={0} role="region" aria-label={label}>
        <table>
          <thead>
            <tr>
              <th scope="col">{head}</th>
              <th scope="col" class="number">
                {t("savings.projected")}
              </th>
              <th scope="col" class="number">
                {t("savings.realized")}
              </th>
              <th scope="col" class="number">
                {t("savings.tables")}
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((each) => (
              <tr key={each.key}>
                <th scope="row">
                  <Name text={each.key} />
                </th>
                <td class="number">
                  <Money amount={each.projectedUsd} />
                </td>
                <td class="number">
                  <Money amount={each.realizedUsd} />
                </td>
                <td class="number">{each.tables}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < groups.length && (
        <p class="muted small">
          {t("waste.more", { count: groups.length - shown.length })}{" "}
          <button type="button" class="plain small" onClick={() => setWhole(true)}>
            {t("all")}
          </button>
        </p>
      )}
    </>
  );
}
