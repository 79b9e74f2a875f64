// How an item begins and ends: taken over, completed, dismissed with a reason, opened again.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Me } from "../../me";
import { t } from "../../texts";
import { FieldProblem, Refusal } from "../refusal";
import { useItemChange, type WhenDone } from "./change";
import { Conflict } from "./conflict";
import { isText, type Changes, type WholeItem } from "./item";

type Task = "dismiss" | "complete";

interface Props {
  item: WholeItem;
  task: string | null;
  me: Me | null;
  whenDone: WhenDone;
}

export function End({ item, task, me, whenDone }: Props) {
  const asked = task === "dismiss" || task === "complete" ? task : null;
  const [chosen, setChosen] = useState<Task | null>(asked);
  useEffect(() => {
    if (asked) setChosen(asked);
  }, [asked]);
  const change = useItemChange(whenDone);
  const [said, setSaid] = useState("");
  if (!item.mayChange) return null;
  const send = (changes: Changes, text: string) => {
    setSaid(text);
    return change.change(item, changes, text);
  };
  const isDone = item.status === "DONE";
  const isMine = me !== null && item.assignee === me.name;
  return (
    <>
      <div class="actions">
        {!isDone && me && !(isMine && item.status === "IN_PROGRESS") && (
          <button type="button" disabled={change.isBusy} onClick={() => send({ assignee: me.name, assigneeKind: "USER", status: "IN_PROGRESS" }, t("work.takenOver"))}>
            {t("work.takeOver")}
          </button>
        )}
        {!isDone && (
          <>
            <button type="button" aria-expanded={chosen === "complete"} onClick={() => setChosen(chosen === "complete" ? null : "complete")}>
              {t("work.complete")}
            </button>
            <button type="button" aria-expanded={chosen === "dismiss"} onClick={() => setChosen(chosen === "dismiss" ? null : "dismiss")}>
              {t("work.dismiss")}
            </button>
          </>
        )}
        {isDone && (
          <button type="button" disabled={change.isBusy} onClick={() => send({ status: "OPEN" }, t("work.reopened"))}>
            {t("work.reopen")}
          </button>
        )}
      </div>
      {!isDone && chosen !== null && (
        <Reason
          key={chosen}
          task={chosen}
          isBusy={change.isBusy}
          problem={change.problem}
          send={(reason) => send({ resolution: chosen === "dismiss" ? "DISMISSED" : "COMPLETED", ...(reason ? { resolutionReason: reason } : {}) }, t(`work.${chosen}Done`))}
        />
      )}
      <Conflict item={item} change={change} said={said} />
      {!change.conflict && <Refusal problem={change.problem} atField={chosen ? ["resolutionReason"] : []} />}
    </>
  );
}

interface ReasonProps {
  task: Task;
  isBusy: boolean;
  problem: ReturnType<typeof useItemChange>["problem"];
  send: (reason: string) => unknown;
}

function Reason({ task, isBusy, problem, send }: ReasonProps) {
  const id = useId();
  const [reason, setReason] = useState("");
  const [isTried, setTried] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const isWrong = !isText(reason, task === "dismiss" ? 1 : 0);
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (isWrong) field.current?.focus();
    else send(reason.trim());
  };
  return (
    <form class="decide" onSubmit={submit} noValidate>
      <p>{t(`work.${task}Consequence`)}</p>
      <label for={id}>{t(task === "dismiss" ? "table.why" : "work.remark")}</label>
      <textarea
        ref={field}
        id={id}
        rows={3}
        dir="auto"
        value={reason}
        aria-required={task === "dismiss"}
        aria-invalid={isTried && isWrong}
        aria-describedby={`${id}-limits ${id}-wrong`}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
      <p id={`${id}-limits`} class={isTried && isWrong ? "wrong small" : "muted small"} role="status">
        {t("table.reasonLength", { shortest: task === "dismiss" ? 1 : 0, longest: 1000 })}
      </p>
      <FieldProblem id={`${id}-wrong`} problem={problem} argument="resolutionReason" />
      <button type="submit" class="primary" disabled={isBusy} aria-busy={isBusy}>
        {t(isBusy ? "table.sending" : `work.${task}Now`)}
      </button>
    </form>
  );
}
