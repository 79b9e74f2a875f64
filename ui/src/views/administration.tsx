// For administrators: refreshes and their warnings, usage feeds, rules, prices, and the way to the policy.
import { Feeds } from "../components/admin/feeds";
import type { Administered } from "../components/admin/admin";
import { Prices } from "../components/admin/prices";
import { Refreshes } from "../components/admin/refreshes";
import { Rules } from "../components/admin/rules";
import { UncountedUse } from "../components/admin/uncounted_use";
import { Answer, Heading, Link, Notice } from "../components/basics";
import { useShown } from "../components/waste/shown";
import { useMe } from "../me";
import { useQuery } from "../query";
import { addressOf } from "../router";
import { t } from "../texts";
import { useFresh } from "../write";
import "./work.css";
import "./administration.css";

export function Administration() {
  const me = useMe();
  return (
    <>
      <Heading title={t("admin")}>{t("admin")}</Heading>
      <Answer query={me}>
        {({ me: { mayAdminister } }) =>
          mayAdminister ? (
            <Parts />
          ) : (
            <Notice kind="info">
              <p>{t("admin.onlyFor")}</p>
            </Notice>
          )
        }
      </Answer>
    </>
  );
}

function Parts() {
  const query = useFresh(useQuery<Administered>("get_administration"));
  const { shown } = useShown(query);
  return (
    <Answer query={shown} lines={12}>
      {({ refreshRuns, services, actionRules, storagePrices, uncountedUse }) => (
        <>
          <Refreshes runs={refreshRuns.edges.map(({ node }) => node)} reload={query.reload} />
          <Feeds services={services} />
          <Rules rules={actionRules} reload={query.reload} />
          <Prices prices={storagePrices} reload={query.reload} />
          <UncountedUse said={uncountedUse} />
          <p>
            <Link to={addressOf("trust")}>{t("admin.policy")}</Link>
          </p>
        </>
      )}
    </Answer>
  );
}
