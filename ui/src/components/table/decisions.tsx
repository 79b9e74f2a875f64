// What people decide about a table: that it must stay, or that it may go.
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, Problem } from "../../api";
import { day } from "../../format";
import { token } from "../../session";
import { type Key, t } from "../../texts";
import { Card, Moment, Notice } from "../basics";
import type { Decision, TableOfPage } from "./answer";

const LONGEST_REASON = 1000;
const LONGEST_KEEP_DAYS = 3 * 366;
const USUAL_KEEP_DAYS = 180;

export function Decisions({ table, changed }: { table: TableOfPage; changed: () => void }) {
  const { keep, approval } = table.verdict;
  return (
    <div class="columns">
      <Card title={t("table.keep")}>
        <p class="muted">{t("table.keepNote")}</p>
        {keep && (
          <Standing decision={keep} said="table.kept" fqn={table.fqn} operation="release_table" end="table.release" changed={changed} />
        )}
        <Decide
          key={keep ? keep.at : "none"}
          fqn={table.fqn}
          operation="keep_table"
          action={keep ? "table.keepAnew" : "table.keep"}
          shortest={1}
          dated
          changed={changed}
        />
      </Card>
      <Card title={t("table.approve")}>
        <p class="muted">{t("table.approveNote")}</p>
        {approval ? (
          <Standing
            decision={approval}
            said="table.approved"
            fqn={table.fqn}
            operation="withdraw_approval"
            end="table.withdraw"
            changed={changed}
          />
        ) : (
          <Decide fqn={table.fqn} operation="approve_removal" action="table.approve" shortest={3} changed={changed} />
        )}
      </Card>
    </div>
  );
}

/** Does a change once at a time: what goes wrong is kept to be shown, and nothing that was typed is lost. */
function useChange(operation: string, changed: () => void) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const isHere = useRef(true);
  useEffect(() => () => void (isHere.current = false), []);
  const send = async (variables: Record<string, unknown>) => {
    if (isBusy) return;
    setBusy(true);
    setProblem(null);
    try {
      await ask(operation, variables);
      changed();
    } catch (error) {
      if (isHere.current) setProblem(error instanceof Problem ? error : new Problem("other", String(error)));
    } finally {
      if (isHere.current) setBusy(false);
    }
  };
  return { isBusy, problem, send };
}

/** Why a change was not made. Who signed in again meanwhile can send it again. */
function Refusal({ problem }: { problem: Problem | null }) {
  if (!problem) return null;
  const isSignedOut = problem.kind === "signedOut";
  return (
    <Notice kind="error">
      <p>{isSignedOut ? t(token.value === null ? "table.signInFirst" : "table.sendAgain") : t(`problem.${problem.kind}`)}</p>
      {problem.detail && (
        <p class="muted" lang="en">
          <bdi>{problem.detail}</bdi>
        </p>
      )}
    </Notice>
  );
}

function Standing(props: {
  decision: Decision;
  said: Key;
  fqn: string;
  operation: string;
  end: Key;
  changed: () => void;
}) {
  const { decision } = props;
  const { isBusy, problem, send } = useChange(props.operation, props.changed);
  return (
    <>
      <blockquote>
        <bdi>{decision.reason}</bdi>
        <footer class="muted small">
          {t(props.said)} <bdi>{decision.by}</bdi>, <Moment at={decision.at} />. {t("table.holdsUntil", { day: day(decision.until) ?? "" })}
        </footer>
      </blockquote>
      <Refusal problem={problem} />
      <button type="button" disabled={isBusy} aria-busy={isBusy} onClick={() => send({ fqn: props.fqn })}>
        {t(isBusy ? "table.sending" : props.end)}
      </button>
    </>
  );
}

function Decide(props: {
  fqn: string;
  operation: string;
  action: Key;
  shortest: number;
  dated?: boolean;
  changed: () => void;
}) {
  const [reason, setReason] = useState("");
  const [until, setUntil] = useState(inDays(USUAL_KEEP_DAYS));
  const [isTried, setTried] = useState(false);
  const { isBusy, problem, send } = useChange(props.operation, props.changed);
  const length = [...reason.trim()].length;
  const isReasonWrong = length < props.shortest || length > LONGEST_REASON;
  const isUntilWrong = props.dated === true && !(until >= inDays(0) && until <= inDays(LONGEST_KEEP_DAYS));
  const form = useRef<HTMLFormElement>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (isReasonWrong || isUntilWrong) {
      form.current?.querySelector<HTMLElement>(isReasonWrong ? "textarea" : "input")?.focus();
      return;
    }
    void send({ fqn: props.fqn, reason: reason.trim(), ...(props.dated ? { until } : {}) });
  };
  const name = props.operation;
  return (
    <form ref={form} class="decide" onSubmit={submit} noValidate>
      <label for={`${name}-reason`}>{t("table.why")}</label>
      <textarea
        id={`${name}-reason`}
        rows={3}
        dir="auto"
        value={reason}
        aria-required="true"
        aria-invalid={isTried && isReasonWrong}
        aria-describedby={`${name}-reason-wrong`}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
      <p id={`${name}-reason-wrong`} class={isTried && isReasonWrong ? "wrong small" : "muted small"} role="status">
        {t("table.reasonLength", { shortest: props.shortest, longest: LONGEST_REASON })}
      </p>
      {props.dated && (
        <>
          <label for={`${name}-until`}>{t("table.lastDay")}</label>
          <input
            id={`${name}-until`}
            type="date"
            value={until}
            min={inDays(0)}
            max={inDays(LONGEST_KEEP_DAYS)}
            aria-required="true"
            aria-invalid={isTried && isUntilWrong}
            aria-describedby={`${name}-until-wrong`}
            onInput={(event) => setUntil(event.currentTarget.value)}
          />
          <p id={`${name}-until-wrong`} class={isTried && isUntilWrong ? "wrong small" : "muted small"} role="status">
            {t("table.untilLimits")}
          </p>
        </>
      )}
      <Refusal problem={problem} />
      <button type="submit" class="primary" disabled={isBusy} aria-busy={isBusy}>
        {t(isBusy ? "table.sending" : props.action)}
      </button>
    </form>
  );
}

/** A day in UTC, as the server counts them. */
function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}
