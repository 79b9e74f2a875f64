// What people said of an item, and all that happened to it.
import { useId, useState } from "preact/hooks";
import { t, textOf } from "../../texts";
import { useWrite } from "../../write";
import { Moment } from "../basics";
import { FieldProblem, Refusal } from "../refusal";
import type { WhenDone } from "./change";
import { isText, type WholeItem } from "./item";

export function Comments({ item, whenDone }: { item: WholeItem; whenDone: WhenDone }) {
  const id = useId();
  const [text, setText] = useState("");
  const [isTried, setTried] = useState(false);
  const write = useWrite();
  const isWrong = isTried && !isText(text);
  const submit = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (!isText(text)) return;
    if ((await write.send("comment_action_item", { id: item.id, text: text.trim() })) === null) return;
    setText("");
    setTried(false);
    whenDone(t("work.commented"), null);
  };
  return (
    <section aria-label={t("work.comments")}>
      <h3>{t("work.comments")}</h3>
      {item.comments.map((each) => (
        <blockquote key={each.at + each.by + each.text}>
          <bdi>{each.text}</bdi>
          <footer class="muted small">
            <bdi>{each.by}</bdi>, <Moment at={each.at} />
          </footer>
        </blockquote>
      ))}
      {item.mayChange && (
        <form class="decide" onSubmit={submit} noValidate>
          <label for={id}>{t("work.comment")}</label>
          <textarea
            id={id}
            rows={2}
            dir="auto"
            value={text}
            aria-invalid={isWrong}
            aria-describedby={`${id}-note ${id}-wrong`}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <p id={`${id}-note`} class={isWrong ? "wrong small" : "muted small"} role="status">
            {t(isWrong ? "work.commentLength" : "work.commentNote")}
          </p>
          <FieldProblem id={`${id}-wrong`} problem={write.problem} argument="text" />
          <Refusal problem={write.problem} atField={["text"]} />
          <button type="submit" disabled={write.isBusy} aria-busy={write.isBusy}>
            {t(write.isBusy ? "table.sending" : "work.commentNow")}
          </button>
        </form>
      )}
    </section>
  );
}

export function History({ item }: { item: WholeItem }) {
  return (
    <details>
      <summary>{t("work.history")}</summary>
      <ol class="history">
        {item.history.map((each) => (
          <li key={each.id}>
            <Moment at={each.at} /> <bdi>{each.by}</bdi>: {textOf(`table.event.${each.kind}`) ?? each.kind}
            <span class="muted small block">
              {each.changes.map((change) => (
                <bdi key={change.field} class="block">
                  {textOf(`work.field.${change.field}`) ?? change.field}: {change.before ?? "–"} → {change.after ?? "–"}
                </bdi>
              ))}
            </span>
          </li>
        ))}
      </ol>
    </details>
  );
}
