// What depends on a table, near to far: columns by distance with the edges between them, and the same as a table.
import { useState } from "preact/hooks";
import { useQuery } from "../../query";
import { t } from "../../texts";
import { Answer, Card, Fold } from "../basics";
import type { Asset, Edge, Node } from "./answer";
import { AssetName, kindName } from "./asset";
import { Edges } from "./edges";

interface Answered {
  table: {
    id: string;
    downstream: { nodes: Node[]; edges: Edge[]; countsByDistance: number[]; totalCount: number; totalCountIsCapped: boolean };
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

function Shown({ id, downstream, dependents }: Answered["table"]) {
  const { nodes, edges, countsByDistance, totalCount, totalCountIsCapped } = downstream;
  if (nodes.length === 0) return <p>{t("table.noDependents")}</p>;
  return (
    <>
      <p>
        {t(totalCountIsCapped ? "table.dependentsCapped" : "table.dependents", { count: totalCount })}{" "}
        {t(dependents.countIsCapped ? "table.inUseCapped" : "table.inUse", { count: dependents.count })}
        {totalCount > nodes.length && ` ${t("table.nearest", { count: nodes.length })}`}
      </p>
      <div class="scrolls" tabIndex={0} role="region" aria-label={t("table.impact")}>
        <Edges edges={edges}>
          <section class="distance">
            <h3>{t("table.here")}</h3>
            <div class="group">
              <span data-asset={id}>{t("table")}</span>
            </div>
          </section>
          {countsByDistance.map((count, place) => (
            <Distance
              key={place}
              distance={place + 1}
              count={count}
              isCapped={totalCountIsCapped && place === countsByDistance.length - 1}
              nodes={nodes.filter((each) => each.distance === place + 1)}
            />
          ))}
        </Edges>
      </div>
      <Fold summary={t("asTable")}>{() => <AsTable nodes={nodes} edges={edges} />}</Fold>
    </>
  );
}

interface DistanceProps {
  distance: number;
  /** How many there are, or of the last column how many at least. */
  count: number;
  isCapped: boolean;
  /** Those that are known by name. */
  nodes: Node[];
}

function Distance({ distance, count, isCapped, nodes }: DistanceProps) {
  const rest = count - nodes.length;
  return (
    <section class="distance">
      <h3>
        {t("table.away", { count: distance })}{" "}
        <span class="muted">({t(isCapped ? "table.atLeast" : "table.ofKind", { count })})</span>
      </h3>
      {grouped(nodes, (each) => each.asset.kind).map(([kind, alike]) => (
        <Group key={kind} kind={kind} nodes={alike} isCut={rest > 0} />
      ))}
      {rest > 0 && <p class="muted small">{t("table.notShown", { count: rest })}</p>}
    </section>
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
          <li key={asset.id} data-asset={asset.id} class={asset.inUse ? "used" : undefined}>
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

// So many of those that an asset is reached through are named.
const THROUGH = 3;

function AsTable({ nodes, edges }: { nodes: Node[]; edges: Edge[] }) {
  const assets = new Map(nodes.map(({ asset }) => [asset.id, asset]));
  const through = new Map<string, Asset[]>();
  for (const { from, to } of edges) {
    const near = assets.get(from);
    if (near) through.set(to, [...(through.get(to) ?? []), near]);
  }
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
            <th scope="col">{t("table.through")}</th>
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
              <td>
                <Through assets={through.get(asset.id) ?? []} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Those one step nearer that an asset depends on; of one that depends on the table itself there are none. */
function Through({ assets }: { assets: Asset[] }) {
  if (assets.length === 0) return <span class="muted">{t("table.directly")}</span>;
  const more = assets.length - THROUGH;
  return (
    <>
      {assets.slice(0, THROUGH).map((each) => (
        <div key={each.id}>
          <AssetName asset={each} />
        </div>
      ))}
      {more > 0 && <span class="muted">{t("waste.more", { count: more })}</span>}
    </>
  );
}

/** In the order in which keys first come. */
function grouped(nodes: Node[], keyOf: (node: Node) => string): [string, Node[]][] {
  const groups = new Map<string, Node[]>();
  for (const each of nodes) groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each]);
  return [...groups];
}
