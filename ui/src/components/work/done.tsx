// What was just done, said aloud, with the way back where there is one.
import { t } from "../../texts";
import { useWrite } from "../../write";
import { Refusal } from "../refusal";
import type { Undo } from "./change";

export interface Done {
  text: string;
  undo: Undo | null;
}

export function DoneBar({ done, set }: { done: Done | null; set: (done: Done | null) => void }) {
  const write = useWrite();
  const undo = async () => {
    if (!done?.undo) return;
    if ((await write.send(done.undo.operation, done.undo.variables)) !== null) set({ text: t("work.undone"), undo: null });
  };
  return (
    <div class="done-bar">
      {/* A live region must be there before what it says. */}
      <span role="status">{done?.text}</span>
      {done && (
        <span>
          {done.undo && (
            <button type="button" disabled={write.isBusy} onClick={undo}>
              {t("work.undo")}
            </button>
          )}
          <button type="button" class="plain" onClick={() => set(null)}>
            {t("work.close")}
          </button>
        </span>
      )}
      {done && <Refusal problem={write.problem} />}
    </div>
  );
}
