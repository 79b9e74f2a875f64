// What refreshes found since somebody was here last.
import { addressOf } from "../../router";
import { t } from "../../texts";
import { Card, Link, Moment, Name } from "../basics";
import { type Change, CHANGES, type Report } from "./report";

const LISTED = 6;

export function Changes({ changes, since }: { changes: Report["changes"]; since: string | null }) {
  const found = changes.edges.map(({ node }) => node);
  return (
    <Card title={t("changes")} aside={<span class="muted small">{since ? <Moment at={since} /> : t("changes.week")}</span>}>
      {found.length === 0 ? (
        <p>{t("changes.none")}</p>
      ) : (
        <>
          <p>{summary(found)}</p>
          {changes.pageInfo.hasNextPage && <p class="muted small">{t("changes.more", { count: found.length })}</p>}
          <ul class="changes">
            {found.slice(0, LISTED).map((each) => (
              <li key={`${each.at} ${each.kind} ${each.table.fqn}`}>
                <span class="muted">{t(`change.${each.kind}`)}</span>{" "}
                <Link to={addressOf("table", { fqn: each.table.fqn })}>
                  <Name text={each.table.fqn} />
                </Link>
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

function summary(changes: Change[]): string {
  return CHANGES.map((kind) => ({ kind, count: changes.filter((each) => each.kind === kind).length }))
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => t(`changes.${kind}`, { count }))
    .join(", ");
}
