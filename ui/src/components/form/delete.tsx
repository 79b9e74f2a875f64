// Takes something away for good, after saying what that means: the API has no way back.
import { useState } from "preact/hooks";
import { t } from "../../texts";
import { useWrite } from "../../write";
import { Refusal } from "../refusal";

interface Props {
  operation: string;
  variables: Record<string, unknown>;
  /** What the button says, and what it means. */
  label: string;
  consequence: string;
  now: string;
  done: () => void;
}

export function Delete({ operation, variables, label, consequence, now, done }: Props) {
  const [isAsked, setAsked] = useState(false);
  const write = useWrite();
  const send = async () => {
    if ((await write.send(operation, variables)) !== null) done();
  };
  if (!isAsked) {
    return (
      <button type="button" onClick={() => setAsked(true)}>
        {label}
      </button>
    );
  }
  return (
    <div class="confirm" role="group" aria-label={t("work.consequence")}>
      <p>{consequence}</p>
      <button type="button" class="danger" disabled={write.isBusy} aria-busy={write.isBusy} onClick={send}>
        {now}
      </button>{" "}
      <button type="button" onClick={() => setAsked(false)}>
        {t("work.cancel")}
      </button>
      <Refusal problem={write.problem} />
    </div>
  );
}
