// What was just done, said aloud, with the way back where there is one.
import { t } from "../../texts";
import { useWrite } from "../../write";
import { Refusal } from "../refusal";
import type { Undo } from "./change";
import type { UndoMany } from "./many";
import { UndoOfMany } from "./undo_many";

export interface Done {
  text: string;
  undo: Undo | UndoMany | null;
}

export function DoneBar({ done, set }: { done: Done | null; set: (done: Done | null) => void }) {
  const write = useWrite();
  const undo = async () => {
    if (!done?.undo || "items" in done.undo) return;
    if ((await write.send(done.undo.operation, done.undo.variables)) !== null) set({ text: t("work.undone"), undo: null });
  };
  return (
    <div class="done-bar">
      {/* A live region must be there before what it says. */}
      <span role="status">{done?.text}</span>
      {done && (
        <span>
          {done.undo && !("items" in done.undo) && (
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
      {done?.undo && "items" in done.undo && <UndoOfMany undo={done.undo} whenDone={(text) => set({ text, undo: null })} />}
    </div>
  );
}
