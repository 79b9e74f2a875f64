// The work that was found or planned for a table, and what became of it.
import { useState } from "preact/hooks";
import { day } from "../../format";
import { useQuery } from "../../query";
import { addressOf } from "../../router";
import { t, textOf } from "../../texts";
import { Answer, Card, Link, Moment, Money, Name } from "../basics";

interface Item {
  id: number;
  title: string;
  status: "OPEN" | "IN_PROGRESS" | "DONE";
  category: string | null;
  priority: string | null;
  resolution: string | null;
  resolutionReason: string | null;
  assignee: string | null;
  dueDate: string | null;
  overdue: boolean;
  stage: string | null;
  stageUntil: string | null;
  alert: string | null;
  projectedSavingUsd: string | null;
  realizedSavingUsd: string;
  savingNote: string | null;
  updatedAt: string;
}

interface Items {
  actionItems: { edges: { node: Item }[]; totalCount: number };
}

interface History {
  actionItem: {
    comments: { at: string; by: string; text: string }[];
    history: { id: number; at: string; by: string; byBot: boolean; kind: string; changes: Change[] }[];
  };
}

interface Change {
  field: string;
  before: string | null;
  after: string | null;
}

export function Items({ fqn, mayAdd }: { fqn: string; mayAdd: boolean }) {
  const query = useQuery<Items>("list_action_items", { filter: { table: [fqn] }, first: 20 });
  return (
    <Card title={t("table.items")} aside={mayAdd && <Link to={addressOf("work", { do: "new", table: fqn })}>{t("work.create")}</Link>}>
      <Answer query={query} lines={3}>
        {({ actionItems: { edges, totalCount } }) => (
          <>
            {edges.length === 0 && <p>{t("table.noItems")}</p>}
            <ul class="items">
              {edges.map(({ node }) => (
                <ItemShown key={node.id} item={node} />
              ))}
            </ul>
            {totalCount > edges.length && <p class="muted">{t("table.newestItems", { count: totalCount })}</p>}
          </>
        )}
      </Answer>
    </Card>
  );
}

function ItemShown({ item }: { item: Item }) {
  const [isOpen, setOpen] = useState(false);
  const states = [
    item.resolution ? (textOf(`table.resolution.${item.resolution}`) ?? item.resolution) : t(`table.status.${item.status}`),
    item.stage && textOf(`table.stage.${item.stage}`),
    item.dueDate && t(item.overdue ? "table.overdue" : "table.due", { day: day(item.dueDate) ?? "" }),
  ].filter(Boolean);
  return (
    <li>
      <p>
        <strong>
          <bdi>{item.title}</bdi>
        </strong>{" "}
        <span class="label">{states.join(" · ")}</span>
      </p>
      {item.alert && (
        <p class="wrong" lang="en">
          {item.alert}
        </p>
      )}
      <p class="small muted">
        {t("table.assignee")}: {item.assignee ? <Name text={item.assignee} /> : t("nobody")} · {t("saves")}:{" "}
        <Money amount={item.projectedSavingUsd} /> · {t("saved")}: <Money amount={item.realizedSavingUsd} /> · <Moment at={item.updatedAt} />
      </p>
      {item.resolutionReason && (
        <p>
          <bdi>{item.resolutionReason}</bdi>
        </p>
      )}
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t("table.history")}</summary>
        {isOpen && <HistoryShown id={item.id} />}
      </details>
    </li>
  );
}

function HistoryShown({ id }: { id: number }) {
  const query = useQuery<History>("get_action_item", { id });
  return (
    <Answer query={query} lines={3}>
      {({ actionItem: { comments, history } }) => (
        <>
          {comments.map((each) => (
            <blockquote key={each.at + each.by}>
              <bdi>{each.text}</bdi>
              <footer class="muted small">
                <bdi>{each.by}</bdi>, <Moment at={each.at} />
              </footer>
            </blockquote>
          ))}
          <ol class="history">
            {history.map((each) => (
              <li key={each.id}>
                <Moment at={each.at} /> <bdi>{each.by}</bdi>: {textOf(`table.event.${each.kind}`) ?? each.kind}
                <span class="muted small block">
                  {each.changes.map((change) => (
                    <bdi key={change.field} class="block">
                      {change.field}: {change.before ?? "–"} → {change.after ?? "–"}
                    </bdi>
                  ))}
                </span>
              </li>
            ))}
          </ol>
        </>
      )}
    </Answer>
  );
}
