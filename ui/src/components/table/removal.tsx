// How a table would go, asked only when somebody wants to see it.
import { useState } from "preact/hooks";
import { useQuery } from "../../query";
import { t } from "../../texts";
import { Answer, Card, Notice } from "../basics";
import type { Step, TableOfPage } from "./answer";
import { Steps } from "./steps";

interface Answered {
  removalPlan: { steps: Step[]; keptAfterDrop: string | null };
}

export function Removal({ table }: { table: TableOfPage }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Card
      title={t("table.removal")}
      aside={
        <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {t(isOpen ? "table.hidePlan" : "table.showPlan")}
        </button>
      }
    >
      <p class="muted">{t("table.removalNote")}</p>
      {isOpen && <Plan table={table} />}
    </Card>
  );
}

function Plan({ table }: { table: TableOfPage }) {
  const query = useQuery<Answered>("get_removal_plan", { fqn: table.fqn });
  const mayGo = table.verdict.recommendation === "DELETE" || table.verdict.recommendation === "ARCHIVE";
  return (
    <Answer query={query} lines={10}>
      {({ removalPlan: plan }) => (
        <>
          {!mayGo && (
            <Notice kind="warning">
              <p>{t("table.notYet", { verdict: t(`verdict.${table.verdict.recommendation}`) })}</p>
            </Notice>
          )}
          <Steps steps={plan.steps} />
          {plan.keptAfterDrop && <p lang="en">{plan.keptAfterDrop}</p>}
          <Undo table={table} />
        </>
      )}
    </Answer>
  );
}

/** For how long each stage can be undone. */
function Undo({ table }: { table: TableOfPage }) {
  const { undo } = table.verdict;
  if (undo.length === 0) return null;
  return (
    <details>
      <summary>{t("table.undo")}</summary>
      <ul>
        {undo.map((each) => (
          <li key={each.stage}>
            <strong>{t(`table.stage.${each.stage}`)}</strong>:{" "}
            {t(each.possible === null ? "table.undoUnknown" : each.possible ? "table.undoPossible" : "table.undoImpossible")}
            {each.days !== null && ` (${t("table.forDays", { count: each.days })})`}
            <span class="muted block" lang="en">
              {each.how}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
