// What people decide about a table: that it must stay, or that it may go.
import { useRef, useState } from "preact/hooks";
import { day } from "../../format";
import { type Key, t } from "../../texts";
import { useWrite } from "../../write";
import { Card, Moment } from "../basics";
import { FieldProblem, Refusal } from "../refusal";
import type { Decision, TableOfPage } from "./answer";

const LONGEST_REASON = 1000;
const LONGEST_KEEP_DAYS = 3 * 366;
const USUAL_KEEP_DAYS = 180;

interface Props {
  table: TableOfPage;
  changed: () => void;
  mayKeep: boolean;
  mayApprove: boolean;
}

export function Decisions({ table, changed, mayKeep, mayApprove }: Props) {
  const { keep, approval } = table.verdict;
  return (
    <div class="columns">
      {(mayKeep || keep) && (
        <Card title={t("table.keep")}>
          <p class="muted">{t(mayKeep ? "table.keepNote" : "table.keepOwners")}</p>
          {keep && (
            <Standing decision={keep} said="table.kept" fqn={table.fqn} operation="release_table" end={mayKeep ? "table.release" : null} changed={changed} />
          )}
          {mayKeep && (
            <Decide
              key={keep ? keep.at : "none"}
              fqn={table.fqn}
              operation="keep_table"
              action={keep ? "table.keepAnew" : "table.keep"}
              shortest={1}
              dated
              changed={changed}
            />
          )}
        </Card>
      )}
      {(mayApprove || approval) && (
        <Card title={t("table.approve")}>
          <p class="muted">{t(mayApprove ? "table.approveNote" : "table.approveOwners")}</p>
          {approval && (
            <Standing
              decision={approval}
              said="table.approved"
              fqn={table.fqn}
              operation="withdraw_approval"
              end={mayApprove ? "table.withdraw" : null}
              changed={changed}
            />
          )}
          {mayApprove && !approval && <Decide fqn={table.fqn} operation="approve_removal" action="table.approve" shortest={3} changed={changed} />}
        </Card>
      )}
    </div>
  );
}

function Standing(props: {
  decision: Decision;
  said: Key;
  fqn: string;
  operation: string;
  /** What takes it back; null for whoever may not. */
  end: Key | null;
  changed: () => void;
}) {
  const { decision } = props;
  const { isBusy, problem, send } = useWrite();
  const end = async () => {
    if ((await send(props.operation, { fqn: props.fqn })) !== null) props.changed();
  };
  return (
    <>
      <blockquote>
        <bdi>{decision.reason}</bdi>
        <footer class="muted small">
          {t(props.said)} <bdi>{decision.by}</bdi>, <Moment at={decision.at} />. {t("table.holdsUntil", { day: day(decision.until) ?? "" })}
        </footer>
      </blockquote>
      <Refusal problem={problem} />
      {props.end && (
        <button type="button" disabled={isBusy} aria-busy={isBusy} onClick={end}>
          {t(isBusy ? "table.sending" : props.end)}
        </button>
      )}
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
  const { isBusy, problem, send } = useWrite();
  const length = [...reason.trim()].length;
  const isReasonWrong = length < props.shortest || length > LONGEST_REASON;
  const isUntilWrong = props.dated === true && !(until >= inDays(0) && until <= inDays(LONGEST_KEEP_DAYS));
  const form = useRef<HTMLFormElement>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (isReasonWrong || isUntilWrong) {
      form.current?.querySelector<HTMLElement>(isReasonWrong ? "textarea" : "input")?.focus();
      return;
    }
    if ((await send(props.operation, { fqn: props.fqn, reason: reason.trim(), ...(props.dated ? { until } : {}) })) !== null) props.changed();
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
        aria-describedby={`${name}-reason-wrong ${name}-reason-refused`}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
      <p id={`${name}-reason-wrong`} class={isTried && isReasonWrong ? "wrong small" : "muted small"} role="status">
        {t("table.reasonLength", { shortest: props.shortest, longest: LONGEST_REASON })}
      </p>
      <FieldProblem id={`${name}-reason-refused`} problem={problem} argument="reason" />
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
            aria-describedby={`${name}-until-wrong ${name}-until-refused`}
            onInput={(event) => setUntil(event.currentTarget.value)}
          />
          <p id={`${name}-until-wrong`} class={isTried && isUntilWrong ? "wrong small" : "muted small"} role="status">
            {t("table.untilLimits")}
          </p>
          <FieldProblem id={`${name}-until-refused`} problem={problem} argument="until" />
        </>
      )}
      <Refusal problem={problem} atField={["reason", "until"]} />
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
