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

interface Choice {
  archiveLocation?: string;
  readers?: string[];
}

function Plan({ table }: { table: TableOfPage }) {
  const [choice, setChoice] = useState<Choice>({});
  return (
    <>
      <Choices choose={setChoice} />
      <PlanShown table={table} choice={choice} />
    </>
  );
}

/** Where to unload to, and who loses the right to read: statements are written for these. */
function Choices({ choose }: { choose: (choice: Choice) => void }) {
  const [location, setLocation] = useState("");
  const [readers, setReaders] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    const names = readers.split(",").map((each) => each.trim()).filter(Boolean);
    choose({
      ...(location.trim() ? { archiveLocation: location.trim() } : {}),
      ...(names.length > 0 ? { readers: names } : {}),
    });
  };
  return (
    <details>
      <summary>{t("table.planFor")}</summary>
      <form class="decide" onSubmit={submit}>
        <label for="plan-location">{t("table.archiveLocation")}</label>
        <input id="plan-location" value={location} placeholder="s3://bucket/archive/" onInput={(event) => setLocation(event.currentTarget.value)} />
        <label for="plan-readers">{t("table.readers")}</label>
        <input id="plan-readers" value={readers} onInput={(event) => setReaders(event.currentTarget.value)} />
        <button type="submit">{t("table.writePlan")}</button>
      </form>
    </details>
  );
}

function PlanShown({ table, choice }: { table: TableOfPage; choice: Choice }) {
  const query = useQuery<Answered>("get_removal_plan", { fqn: table.fqn, ...choice });
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
