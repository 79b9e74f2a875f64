// One item beside the list: what is to be done with it, by whom, until when, and what happened to it.
import { useEffect, useRef } from "preact/hooks";
import type { Me } from "../../me";
import { useQuery } from "../../query";
import { addressOf } from "../../router";
import { t } from "../../texts";
import { useFresh } from "../../write";
import { Answer, Link, Moment, Money, Name, Notice } from "../basics";
import { Delete } from "../form/delete";
import { useShown } from "../waste/shown";
import { Campaigns } from "./campaigns";
import type { WhenDone } from "./change";
import { Edit } from "./edit";
import { End } from "./end";
import type { WholeItem } from "./item";
import { Labels } from "./labels";
import { Stages } from "./stages";
import { openItem } from "./state";
import { Comments, History } from "./talk";

interface Props {
  id: number;
  task: string | null;
  me: Me | null;
  whenDone: WhenDone;
}

export function Panel({ id, task, me, whenDone }: Props) {
  const query = useFresh(useQuery<{ actionItem: WholeItem }>("get_work_item", { id }));
  const { shown } = useShown(query);
  const close = () => {
    openItem(null);
    document.querySelector<HTMLElement>(`[data-item="${id}"]`)?.focus();
  };
  return (
    <section class="card panel" aria-label={t("work.item")} onKeyDown={(event) => event.key === "Escape" && close()}>
      <div class="panel-close">
        <button type="button" class="plain" onClick={close}>
          {t("work.close")}
        </button>
      </div>
      <Answer query={shown} lines={10}>
        {({ actionItem: item }) => (
          <>
            <Head item={item} isFocused={task === null} />
            {!item.mayChange && (
              <Notice kind="info">
                <p>{t("work.mayNot")}</p>
              </Notice>
            )}
            <End item={item} task={task} me={me} whenDone={whenDone} />
            {item.mayChange && <Edit item={item} me={me} whenDone={whenDone} />}
            <Stages item={item} whenDone={whenDone} />
            <Campaigns item={item} me={me} whenDone={whenDone} />
            <Comments item={item} whenDone={whenDone} />
            <History item={item} />
            {me?.mayWrite && (
              <Delete
                operation="delete_action_item"
                variables={{ id: item.id, version: item.version }}
                label={t("work.delete")}
                consequence={t("work.deleteConsequence")}
                now={t("work.deleteNow")}
                done={() => (close(), whenDone(t("work.deleted"), null))}
              />
            )}
          </>
        )}
      </Answer>
    </section>
  );
}

function Head({ item, isFocused }: { item: WholeItem; isFocused: boolean }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (isFocused) heading.current?.focus({ preventScroll: true });
  }, [item.id]);
  return (
    <>
      <h2 ref={heading} tabIndex={-1}>
        <bdi class="name">{item.title}</bdi>
      </h2>
      <Labels item={item} />
      {item.table && (
        <p>
          <Link to={addressOf("table", { fqn: item.table.fqn })}>
            <Name text={item.table.fqn} />
          </Link>
          {/^https?:/i.test(item.table.url ?? "") && (
            <a href={item.table.url ?? ""} class="block small" target="_blank" rel="noopener noreferrer">
              {t("table.inOpenMetadata")}
            </a>
          )}
        </p>
      )}
      <p class="muted small">
        {t("table.assignee")}: {item.assignee ? <Name text={item.assignee} /> : t("nobody")} · {t("saves")}: <Money amount={item.projectedSavingUsd} /> · {t("saved")}:{" "}
        <Money amount={item.realizedSavingUsd} /> · {item.createdBy ? <Name text={item.createdBy} /> : "ThirdEye"}, <Moment at={item.createdAt} />
      </p>
      {item.assigneeWarning && (
        <p class="wrong small">
          <bdi>{item.assigneeWarning}</bdi>
        </p>
      )}
      {item.resolutionReason && (
        <blockquote>
          <bdi>{item.resolutionReason}</bdi>
        </blockquote>
      )}
      {item.savingNote && (
        <p class="muted small" lang="en">
          {item.savingNote}
        </p>
      )}
    </>
  );
}
