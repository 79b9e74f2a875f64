// Whether advice can be trusted: how it fared, whether risks came true, and what another policy would have done.
import { Answer, Card, Heading, Moment, Name } from "../components/basics";
import { Calibration, Quality } from "../components/trust/quality";
import type { Policy, Trust as Answered } from "../components/trust/trust";
import { WhatIf } from "../components/trust/what_if";
import { useShown } from "../components/waste/shown";
import { percent } from "../format";
import { useMe } from "../me";
import { useQuery } from "../query";
import { t } from "../texts";
import { useFresh } from "../write";
import "./work.css";
import "./trust.css";

export function Trust() {
  const me = useMe().data?.me ?? null;
  const query = useFresh(useQuery<Answered>("get_trust"));
  const { shown } = useShown(query);
  return (
    <>
      <Heading title={t("trust")}>{t("trust")}</Heading>
      <Answer query={shown} lines={12}>
        {(trust) => (
          <>
            <WhatIf policy={trust.policy} me={me} reload={query.reload} />
            <Quality quality={trust.verdictQuality} />
            <Calibration quality={trust.verdictQuality} />
            <Earlier policies={trust.policyHistory} />
          </>
        )}
      </Answer>
    </>
  );
}

function Earlier({ policies }: { policies: Policy[] }) {
  return (
    <Card title={t("trust.history")}>
      {policies.length === 0 && <p>{t("trust.historyNone")}</p>}
      <ol>
        {policies.map((each) => (
          <li key={each.setAt}>
            <Moment at={each.setAt} />, <Name text={each.setBy ?? ""} />: {t("trust.deleteRisk")} {percent(each.deleteRisk, 1)} · {t("trust.archiveRisk")}{" "}
            {percent(each.archiveRisk, 1)} · {t("trust.minimumIdleDays")} {t("trust.days", { count: each.minimumIdleDays })}
            {each.protectedTags.length > 0 && (
              <span class="muted small block">
                {t("trust.protected")} <Name text={each.protectedTags.join(", ")} />
              </span>
            )}
          </li>
        ))}
      </ol>
    </Card>
  );
}
