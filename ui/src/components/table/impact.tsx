// What depends on a table, near to far: columns by distance, each by kind, and the same as a table.
import { useState } from "preact/hooks";
import { useQuery } from "../../query";
import { t } from "../../texts";
import { Answer, Card } from "../basics";
import type { Node } from "./answer";
import { AssetName, kindName } from "./asset";

interface Answered {
  table: {
    downstream: { nodes: Node[]; totalCount: number; totalCountIsCapped: boolean };
    dependents: { count: number; countIsCapped: boolean };
  };
}

// More of one kind at one distance are a number until somebody opens them.
const SHOWN = 6;

export function Impact({ fqn }: { fqn: string }) {
  const query = useQuery<Answered>("get_table_impact", { fqn });
  return (
    <Card title={t("table.impact")}>
      <Answer query={query} lines={4}>
        {({ table }) => <Shown {...table} />}
      </Answer>
    </Card>
  );
}

function Shown({ downstream, dependents }: Answered["table"]) {
  const { nodes, totalCount, totalCountIsCapped } = downstream;
  // Of the farthest ones shown there may be more.
  const farthest = totalCount > nodes.length || totalCountIsCapped ? nodes.at(-1)?.distance : undefined;
  if (nodes.length === 0) return <p>{t("table.noDependents")}</p>;
  return (
    <>
      <p>
        {t(totalCountIsCapped ? "table.dependentsCapped" : "table.dependents", { count: totalCount })}{" "}
        {t(dependents.countIsCapped ? "table.inUseCapped" : "table.inUse", { count: dependents.count })}
        {totalCount > nodes.length && ` ${t("table.nearest", { count: nodes.length })}`}
      </p>
      <div class="scrolls" tabIndex={0} role="region" aria-label={t("table.impact")}>
        <div class="distances">
          <section class="distance">
            <h3>{t("table.here")}</h3>
            <div class="group">{t("table")}</div>
          </section>
          {grouped(nodes, (each) => String(each.distance)).map(([distance, of]) => (
            <section key={distance} class="distance">
              <h3>{t("table.away", { count: Number(distance) })}</h3>
              {grouped(of, (each) => each.asset.kind).map(([kind, alike]) => (
                <Group key={kind} kind={kind} nodes={alike} isCut={Number(distance) === farthest} />
              ))}
            </section>
          ))}
        </div>
      </div>
      <details>
        <summary>{t("asTable")}</summary>
        <AsTable nodes={nodes} />
      </details>
    </>
  );
}

function Group({ kind, nodes, isCut }: { kind: string; nodes: Node[]; isCut: boolean }) {
  const [isOpen, setOpen] = useState(false);
  const used = nodes.filter((each) => each.asset.inUse).length;
  const shown = isOpen ? nodes : nodes.slice(0, SHOWN);
  return (
    <div class={used > 0 ? "group used" : "group"}>
      <p class="small">
        <strong>{kindName(kind)}</strong>{" "}
        <span class="muted">
          {t(isCut ? "table.atLeast" : "table.ofKind", { count: nodes.length })}
          {", "}
          {t("table.usedOfKind", { count: used })}
        </span>
      </p>
      <ul>
        {shown.map(({ asset }) => (
          <li key={asset.id} class={asset.inUse ? "used" : undefined}>
            <AssetName asset={asset} short />
            {asset.inUse && <span class="hidden"> {t("table.isUsed")}</span>}
          </li>
        ))}
      </ul>
      {nodes.length > SHOWN && (
        <button type="button" class="plain small" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? t("table.fewer") : t("table.more", { count: nodes.length - SHOWN })}
        </button>
      )}
    </div>
  );
}

function AsTable({ nodes }: { nodes: Node[] }) {
  return (
    <div class="scrolls tall" tabIndex={0} role="region" aria-label={`${t("table.impact")}: ${t("asTable")}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("table.asset")}</th>
            <th scope="col" class="number">
              {t("table.distance")}
            </th>
            <th scope="col">{t("table.isUsed")}</th>
          </tr>
        </thead>
        <tbody>
          {nodes.map(({ asset, distance }) => (
            <tr key={asset.id}>
              <th scope="row">
                <AssetName asset={asset} />
              </th>
              <td class="number">{distance}</td>
              <td>{t(asset.inUse ? "table.yes" : "table.no")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** In the order in which keys first come. */
function grouped(nodes: Node[], keyOf: (node: Node) => string): [string, Node[]][] {
  const groups = new Map<string, Node[]>();
  for (const each of nodes) groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each]);
  return [...groups];
}
