// Items as a list, a page at a time, with those that are chosen for a change of many.
import { useEffect, useState } from "preact/hooks";
import { day } from "../../format";
import { useQuery } from "../../query";
import { addressOf } from "../../router";
import { t, textOf } from "../../texts";
import { useFresh } from "../../write";
import { Answer, Card, Link, Money, Name } from "../basics";
import { useShown } from "../waste/shown";
import { Bulk } from "./bulk";
import type { WhenDone } from "./change";
import type { Item, Page } from "./item";
import { Labels } from "./labels";
import { addressOfItem, choose, filterOf, openItem, type State } from "./state";

const SIZE = 50;

export function WorkList({ state, caller, whenDone }: { state: State; caller: string; whenDone: WhenDone }) {
  const filter = filterOf(state, caller);
  const part = state.before === null ? { first: SIZE, after: state.after } : { last: SIZE, before: state.before };
  const question = { filter, ...part, sortBy: state.sort, sortDir: state.dir };
  const query = useFresh(useQuery<{ actionItems: Page }>("list_work", question));
  const { shown, isOld } = useShown(query);
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  // What was chosen of another list is not meant any more.
  useEffect(() => setChosen(new Set()), [JSON.stringify(filter)]);
  return (
    <Card
      title={t("work.items")}
      aside={
        <span class="muted" role="status">
          {shown.data && t("work.count", { count: shown.data.actionItems.totalCount })}
        </span>
      }
    >
      <Answer query={shown} lines={12}>
        {({ actionItems: page }) => (
          <div aria-busy={isOld}>
            {page.edges.length === 0 ? (
              <p>{t("work.none")}</p>
            ) : (
              <>
                <Bulk filter={filter} total={page.totalCount} page={page.edges.map(({ node }) => node)} chosen={chosen} choose={setChosen} whenDone={whenDone} />
                <Rows items={page.edges.map(({ node }) => node)} chosen={chosen} setChosen={setChosen} open={state.item} />
              </>
            )}
            {page.edges.length === 0 && (state.after ?? state.before) !== null ? (
              <button type="button" onClick={() => choose({})}>
                {t("waste.first")}
              </button>
            ) : (
              <Pages {...page.pageInfo} />
            )}
          </div>
        )}
      </Answer>
    </Card>
  );
}

function Pages({ hasNextPage, hasPreviousPage, startCursor, endCursor }: Page["pageInfo"]) {
  if (!hasNextPage && !hasPreviousPage) return null;
  return (
    <nav class="pages" aria-label={t("waste.pages")}>
      {hasPreviousPage && (
        <>
          <button type="button" onClick={() => choose({})}>
            {t("waste.first")}
          </button>
          <button type="button" onClick={() => choose({ before: startCursor })}>
            {t("waste.previous")}
          </button>
        </>
      )}
      {hasNextPage && (
        <button type="button" onClick={() => choose({ after: endCursor })}>
          {t("waste.next")}
        </button>
      )}
    </nav>
  );
}

interface Shown {
  items: Item[];
  chosen: ReadonlySet<number>;
  setChosen: (chosen: ReadonlySet<number>) => void;
  open: number | null;
}

function Rows({ items, chosen, setChosen, open }: Shown) {
  const toggle = (id: number) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label={t("work.items")}>
      <table class="work-rows">
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">{t("work.choose")}</span>
            </th>
            <th scope="col">{t("work.item")}</th>
            <th scope="col">{t("table.assignee")}</th>
            <th scope="col">{t("work.dueDate")}</th>
            <th scope="col" class="number">
              {t("saves")}
            </th>
            <th scope="col">
              <span class="hidden">{t("work.actions")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.id} class={open === item.id ? "open" : undefined}>
              <td>
                {item.mayChange && (
                  <input type="checkbox" checked={chosen.has(item.id)} aria-label={t("work.chooseOne", { title: item.title })} onChange={() => toggle(item.id)} />
                )}
              </td>
              <th scope="row">
                <ItemLink item={item} />
                <Labels item={item} />
                {item.table && (
                  <span class="block small">
                    <Link to={addressOf("table", { fqn: item.table.fqn })}>
                      <Name text={item.table.fqn} />
                    </Link>
                  </span>
                )}
              </th>
              <td>{item.assignee ? <Name text={item.assignee} /> : <span class="muted">{t("nobody")}</span>}</td>
              <td class={item.overdue ? "wrong" : undefined}>{item.dueDate && day(item.dueDate)}</td>
              <td class="number">
                <Money amount={item.projectedSavingUsd} />
              </td>
              <td>
                {item.mayChange && item.status !== "DONE" && (
                  <button type="button" aria-label={t("work.dismissOne", { title: item.title })} onClick={() => openItem(item.id, "dismiss")}>
                    {t("work.dismiss")}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Opens the item beside the list; its address can be sent to somebody. */
export function ItemLink({ item }: { item: Item }) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    openItem(item.id);
  };
  return (
    <a href={addressOfItem(item.id)} onClick={follow} data-item={item.id} title={textOf(`work.category.${item.category}`) ?? undefined}>
      <bdi class="name">{item.title}</bdi>
    </a>
  );
}
