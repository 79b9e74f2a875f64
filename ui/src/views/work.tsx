// The work: what was found or planned, who does it, and how it ends. All state is in the address.
import { useState } from "preact/hooks";
import { Card, Heading } from "../components/basics";
import { Board } from "../components/work/board";
import type { WhenDone } from "../components/work/change";
import { CreateItem } from "../components/work/create";
import { type Done, DoneBar } from "../components/work/done";
import { Filters } from "../components/work/filters";
import { WorkList } from "../components/work/list";
import { Panel } from "../components/work/panel";
import { openItem, type State, stateOf } from "../components/work/state";
import { type Me, useMe } from "../me";
import { change, place } from "../router";
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
      <Create state={state} me={me} whenDone={whenDone} />
      <Filters state={state} />
      <DoneBar done={done} set={setDone} />
      <div class={state.item === null ? "work" : "work with-panel"}>
        <div>{state.shape === "board" ? <Board {...shared} /> : <WorkList {...shared} />}</div>
        {state.item !== null && <Panel key={state.item} id={state.item} task={state.task} me={me} whenDone={whenDone} />}
      </div>
    </>
  );
}

/** For whoever may write, or was led here from a table of their own. */
function Create({ state, me, whenDone }: { state: State; me: Me | null; whenDone: WhenDone }) {
  const table = place.value.params.get("table") ?? "";
  const isOpen = state.item === null && state.task === "new";
  if (!me?.mayWrite && !(isOpen && table)) return null;
  const close = (made: number | null) => {
    change({ do: null, table: null }, "replace");
    if (made !== null) openItem(made);
  };
  if (!isOpen) {
    return (
      <p>
        <button type="button" onClick={() => change({ item: null, do: "new" })}>
          {t("work.create")}
        </button>
      </p>
    );
  }
  return (
    <Card title={t("work.create")}>
      <CreateItem key={table} table={table} me={me} whenDone={whenDone} close={close} />
    </Card>
  );
}
