// Savings by group, as a table.
import { t } from "../../texts";
import { Money, Name } from "../basics";
import type { Group } from "./savings";

export function Groups({ groups, label, head }: { groups: Group[]; label: string; head: string }) {
  if (groups.length === 0) return <p class="muted">{t("savings.none")}</p>;
  return (
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
          {groups.map((each) => (
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
  );
}
