// The stages of a removal, each with its statements to copy.
import { t } from "../../texts";
import { Copy } from "./copy";
import type { Step } from "./answer";

export function Steps({ steps }: { steps: Step[] }) {
  return (
    <ol class="steps">
      {steps.map((each) => (
        <li key={each.stage}>
          <strong>{t(`table.stage.${each.stage}`)}</strong>{" "}
          <span class="muted small">{each.waitingDays > 0 ? t("table.wait", { count: each.waitingDays }) : t("table.noWait")}</span>
          <p lang="en">
            <bdi>{each.what}</bdi>
          </p>
          <Statements statements={each.statements} name={`${t(`table.stage.${each.stage}`)}: ${t("table.statements")}`} />
          <details>
            <summary>{t("table.wayBack")}</summary>
            <p lang="en">
              <bdi>{each.wayBack}</bdi>
            </p>
            <Statements statements={each.undo} name={`${t(`table.stage.${each.stage}`)}: ${t("table.wayBack")}`} />
          </details>
        </li>
      ))}
    </ol>
  );
}

function Statements({ statements, name }: { statements: string[]; name: string }) {
  if (statements.length === 0) return null;
  const text = statements.join("\n");
  return (
    <div class="statements">
      <pre tabIndex={0} role="region" aria-label={name} dir="ltr">
        {text}
      </pre>
      <Copy text={text} name={name} />
    </div>
  );
}
