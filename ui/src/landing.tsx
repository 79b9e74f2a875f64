// What is shown to whoever comes to the page's own address: to an engineer who is no lead their week, to all others the estate.
import { useEffect, useState } from "preact/hooks";
import { Heading } from "./components/basics";
import { useMe } from "./me";
import { addressOf, go } from "./router";
import { t } from "./texts";
import { Overview } from "./views/overview";

let hasArrived = false;

/** Once a visit only: whoever goes to the overview later means it. */
export function Landing() {
  const me = useMe();
  const [isFirst] = useState(!hasArrived);
  const isEngineer = me.data !== null && !me.data.me.mayWrite && !me.data.me.isBot;
  const isKnown = me.data !== null || me.problem !== null || me.slow;
  useEffect(() => {
    if (!isKnown) return;
    const leads = !hasArrived && isEngineer;
    hasArrived = true;
    if (leads) go(addressOf("week"), "replace");
  }, [isKnown]);
  // Whoever waits sees where they are; an engineer goes on from there.
  if (isFirst && (!isKnown || (isEngineer && !hasArrived)))
    return (
      <div aria-busy="true">
        <Heading title={t("overview")}>{t("overview")}</Heading>
      </div>
    );
  return <Overview />;
}
