// Why a change was not made, and whether it can be sent again as it is.
import type { Problem } from "../api";
import { token } from "../session";
import { t } from "../texts";
import { Notice } from "./basics";

/** Says nothing of what is said at a field: `atField` are the arguments that have one. */
export function Refusal({ problem, atField = [] }: { problem: Problem | null; atField?: readonly string[] }) {
  if (!problem || isAtField(problem, atField)) return null;
  const isLost = problem.kind === "offline" || problem.kind === "timeout" || problem.kind === "unavailable" || problem.kind === "unreadable";
  return (
    <Notice kind="error">
      <p>{problem.kind === "signedOut" ? t(token.value === null ? "write.signInFirst" : "write.sendAgain") : t(`problem.${problem.kind}`)}</p>
      {isLost && <p>{t("write.untold")}</p>}
      {problem.detail && problem.kind !== "signedOut" && (
        <p class="muted">
          <bdi>{problem.detail}</bdi>
        </p>
      )}
    </Notice>
  );
}

function isAtField(problem: Problem, atField: readonly string[]): boolean {
  // A name that somebody else has is a conflict, and one of its field.
  return (problem.kind === "badInput" || problem.kind === "conflict") && problem.argument !== null && atField.includes(problem.argument);
}

/** What is wrong with one field, by its argument of the API; `id` is what the field is described by. */
export function FieldProblem({ id, problem, argument }: { id: string; problem: Problem | null; argument: string }) {
  const isWrong = problem !== null && isAtField(problem, [argument]);
  return (
    <p id={id} class="wrong small" role={isWrong ? "alert" : undefined}>
      {isWrong && <bdi>{problem.detail}</bdi>}
    </p>
  );
}
