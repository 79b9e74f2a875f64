// The work: what was found or planned, who does it, and how it ends. All state is in the address.
import { useState } from "preact/hooks";
import { Heading } from "../components/basics";
import { Board } from "../components/work/board";
import { type Done, DoneBar } from "../components/work/done";
import { Filters } from "../components/work/filters";
import { WorkList } from "../components/work/list";
import { Panel } from "../components/work/panel";
import { stateOf } from "../components/work/state";
import { useMe } from "../me";
import { place } from "../router";
import { claims } from "../session";
import { t } from "../texts";
import "./work.css";

export function Work() {
  const state = stateOf(place.value.params);
  const me = useMe().data?.me ?? null;
  const [done, setDone] = useState<Done | null>(null);
  const whenDone = (text: string, undo: Done["undo"]) => setDone({ text, undo });
  const shared = { state, caller: me?.name ?? claims.value?.name ?? "", whenDone };
  return (
    <>
      <Heading title={t("work")}>{t("work")}</Heading>
      <Filters state={state} />
      <DoneBar done={done} set={setDone} />
      <div class={state.item === null ? "work" : "work with-panel"}>
        <div>{state.shape === "board" ? <Board {...shared} /> : <WorkList {...shared} />}</div>
        {state.item !== null && <Panel key={state.item} id={state.item} task={state.task} me={me} whenDone={whenDone} />}
      </div>
    </>
  );
}
