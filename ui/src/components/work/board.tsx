// Items by status. A card is moved by dragging it, from its menu, or by keys; what happened is said aloud.
import { useEffect, useRef, useState } from "preact/hooks";
import { useQuery } from "../../query";
import { addressOf, place } from "../../router";
import { t } from "../../texts";
import { useFresh } from "../../write";
import { Answer, Link, Money, Name } from "../basics";
import { Refusal } from "../refusal";
import { useShown } from "../waste/shown";
import { useItemChange, type WhenDone } from "./change";
import { Conflict } from "./conflict";
import { type Item, type Page, type Status, STATUSES } from "./item";
import { Labels } from "./labels";
import { ItemLink } from "./list";
import { filterOf, type State } from "./state";

const SIZE = 50;

function useColumn(state: State, caller: string, status: Status) {
  const filter = { ...filterOf(state, caller), status: [status] };
  const isShown = state.status.length === 0 || state.status.includes(status);
  const query = useQuery<{ actionItems: Page }>(isShown ? "list_work" : null, { filter, first: SIZE, sortBy: state.sort, sortDir: state.dir });
  return { isShown, ...useShown(useFresh(query)) };
}

interface Move {
  item: Item;
  to: Status;
}

export function Board({ state, caller, whenDone }: { state: State; caller: string; whenDone: WhenDone }) {
  const columns = { OPEN: useColumn(state, caller, "OPEN"), IN_PROGRESS: useColumn(state, caller, "IN_PROGRESS"), DONE: useColumn(state, caller, "DONE") };
  const change = useItemChange(whenDone);
  const [move, setMove] = useState<Move | null>(null);
  const [dragged, setDragged] = useState<Item | null>(null);
  const focus = useRef<number | null>(null);
  const board = useRef<HTMLDivElement>(null);
  const said = move ? t("work.moved", { title: move.item.title, status: t(`table.status.${move.to}`) }) : "";
  // Where it is moved to it stands at once, until the columns say so themselves; where that was refused it stands where it was.
  const [landing, setLanding] = useState<Item | null>(null);
  const hasLanded = landing !== null && !change.isBusy && columns[landing.status].shown.data?.actionItems.edges.some(({ node }) => node.id === landing.id);
  useEffect(() => {
    if (hasLanded || change.problem) setLanding(null);
  }, [hasLanded, change.problem]);
  useEffect(() => {
    // The card was drawn anew in another column: who moved it by keyboard stays on it.
    if (focus.current === null || document.activeElement !== document.body) return;
    board.current?.querySelector<HTMLElement>(`[data-card="${focus.current}"]`)?.focus();
  });
  const moveTo = async (item: Item, to: Status) => {
    if (change.isBusy || item.status === to || !item.mayChange) return;
    focus.current = item.id;
    setMove({ item, to });
    setLanding({ ...item, status: to });
    const moved = await change.change(item, { status: to }, t("work.moved", { title: item.title, status: t(`table.status.${to}`) }));
    setLanding(moved && { ...item, ...moved, mayChange: item.mayChange });
  };
  const forgetFocus = (event: FocusEvent) => {
    const card = (event.target as HTMLElement).closest<HTMLElement>("[data-card]");
    if (card?.dataset.card !== String(focus.current)) focus.current = null;
  };
  const cards = (status: Status, page: Page) => {
    const all = page.edges.map(({ node }) => node);
    if (landing === null) return all;
    const others = all.filter((each) => each.id !== landing.id);
    return landing.status === status ? [landing, ...others] : others;
  };
  return (
    <>
      {move && change.conflict && <Conflict item={move.item} change={change} said={said} />}
      {change.problem && !change.conflict && (
        <>
          <Refusal problem={change.problem} />
          {move && change.problem.kind !== "forbidden" && change.problem.kind !== "badInput" && (
            <p>
              <button type="button" onClick={() => moveTo(move.item, move.to)}>
                {t("tryAgain")}
              </button>
            </p>
          )}
        </>
      )}
      <p class="muted small" id="board-keys">
        {t("work.boardKeys")}
      </p>
      <div class="board" ref={board} onFocusIn={forgetFocus}>
        {STATUSES.map((status) => {
          const { isShown, shown } = columns[status];
          if (!isShown) return null;
          return (
            <section
              key={status}
              class="card column"
              aria-labelledby={`column-${status}`}
              onDragOver={(event) => dragged && dragged.status !== status && event.preventDefault()}
              onDrop={(event) => {
                event.preventDefault();
                if (dragged) void moveTo(dragged, status);
                setDragged(null);
              }}
            >
              <div class="card-head">
                <h2 id={`column-${status}`}>{t(`table.status.${status}`)}</h2>
                {shown.data && <span class="muted">{t("work.count", { count: shown.data.actionItems.totalCount })}</span>}
              </div>
              <Answer query={shown}>
                {({ actionItems: page }) => (
                  <>
                    <ul class="cards">
                      {cards(status, page).map((item) => (
                        <Card key={item.id} item={item} moveTo={moveTo} drag={setDragged} />
                      ))}
                    </ul>
                    {page.pageInfo.hasNextPage && (
                      <p>
                        <Link to={addressOf("work", { ...Object.fromEntries(place.value.params), shape: null, status })}>{t("work.allOfColumn")}</Link>
                      </p>
                    )}
                  </>
                )}
              </Answer>
            </section>
          );
        })}
      </div>
    </>
  );
}

interface CardProps {
  item: Item;
  moveTo: (item: Item, to: Status) => void;
  drag: (item: Item | null) => void;
}

function Card({ item, moveTo, drag }: CardProps) {
  const step = (by: number) => {
    const to = STATUSES[STATUSES.indexOf(item.status) + by];
    if (to) moveTo(item, to);
  };
  const press = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || !event.shiftKey) return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    step(document.dir === "rtl" ? -by : by);
  };
  return (
    <li
      class="work-card"
      data-card={item.id}
      tabIndex={0}
      aria-label={item.title}
      aria-describedby={item.mayChange ? "board-keys" : undefined}
      aria-keyshortcuts={item.mayChange ? "Shift+ArrowLeft Shift+ArrowRight" : undefined}
      draggable={item.mayChange}
      onKeyDown={press}
      onDragStart={(event) => {
        event.dataTransfer?.setData("text/plain", item.title);
        drag(item);
      }}
      onDragEnd={() => drag(null)}
    >
      <ItemLink item={item} />
      <Labels item={item} />
      <p class="small muted">
        {item.assignee ? <Name text={item.assignee} /> : t("nobody")} · <Money amount={item.projectedSavingUsd} />
      </p>
      {item.mayChange && (
        <label class="small">
          <span class="hidden">{t("work.moveOne", { title: item.title })}</span>
          <select value={item.status} onChange={(event) => moveTo(item, event.currentTarget.value as Status)}>
            {STATUSES.map((each) => (
              <option key={each} value={each}>
                {t(`table.status.${each}`)}
              </option>
            ))}
          </select>
        </label>
      )}
    </li>
  );
}
