// Takes a change of many items back: looked at first, then made, each item only if nobody changed it since.
import { useRef, useState } from "preact/hooks";
import { useTask } from "../../task";
import { t } from "../../texts";
import { noteChange } from "../../write";
import { Refusal } from "../refusal";
import { lookBack, type LookedBack, make, type UndoMany } from "./many";

export function UndoOfMany({ undo, whenDone }: { undo: UndoMany; whenDone: (text: string) => void }) {
  const [looked, setLooked] = useState<LookedBack | null>(null);
  const { isBusy, problem, signal, run } = useTask();
  const made = useRef(0);
  const look = () =>
    run(async () => {
      made.current = 0;
      setLooked(await lookBack(undo, signal));
    });
  const apply = ({ parts, changed }: LookedBack) =>
    run(async () => {
      // Goes on where it stopped: a part that failed is sent under the key that it had.
      for (const part of parts.slice(made.current)) {
        await make(part, signal);
        made.current += 1;
      }
      noteChange();
      whenDone(t("work.undoneMany", { count: changed }));
    });
  if (looked === null || problem?.kind === "conflict") {
    return (
      <span>
        <Refusal problem={problem} />
        <button type="button" disabled={isBusy} aria-busy={isBusy} onClick={look}>
          {t(problem ? "work.bulkLookAgain" : "work.undoMany")}
        </button>
      </span>
    );
  }
  return (
    <span>
      <span role="status">
        {t("work.undoPreview", { count: looked.changed })} {looked.overtaken > 0 && t("work.undoOvertaken", { count: looked.overtaken })}{" "}
        {undo.lost > 0 && t("work.undoLost", { count: undo.lost })}
      </span>{" "}
      <button type="button" class="primary" disabled={isBusy || looked.changed === 0} aria-busy={isBusy} onClick={() => apply(looked)}>
        {t("work.undoApply", { count: looked.changed })}
      </button>
      <Refusal problem={problem} />
    </span>
  );
}
