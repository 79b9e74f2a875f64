// The columns that a list of tables can have, beside the table's name.
import type { ComponentChildren } from "preact";
import { bytes, count, day, percent } from "../../format";
import { t } from "../../texts";
import type { Owner, Verdict } from "../../types";
import { Money, Name } from "../basics";
import type { Sort } from "./address";
import type { ACTIVITIES, BLOCKERS, EVIDENCES } from "./filters";

export interface Row {
  fqn: string;
  service: string;
  database: string | null;
  schema: string | null;
  tableType: string | null;
  owners: Owner[];
  tier: string | null;
  tags: string[];
  domain: string | null;
  sizeBytes: string | number | null;
  storageCost: string | null;
  queryCost: string | null;
  monthlyCost: string | null;
  created: string | null;
  lastAccessed: string | null;
  lastWritten: string | null;
  queries30d: number;
  daysOfUse: number;
  idleDays: number | null;
  evidence: (typeof EVIDENCES)[number];
  activity: (typeof ACTIVITIES)[number];
  zombie: boolean;
  absentSince: string | null;
  series?: { fqn: string; tables: number; monthlyCost: string } | null;
  verdict: {
    recommendation: Verdict;
    purgeScore: { value: number } | null;
    returnRisk: { value: number } | null;
    saving: string | null;
    blockers?: { code: (typeof BLOCKERS)[number] }[];
  } | null;
}

interface Column {
  name: string;
  /** What the export calls it. */
  exported: string;
  sort?: Sort;
  number?: true;
  cell: (row: Row) => ComponentChildren;
}

export const COLUMNS = [
  { name: "verdict", exported: "recommendation", cell: ({ verdict }) => (verdict ? <Badge verdict={verdict.recommendation} /> : unknown()) },
  { name: "cost", exported: "monthlyCost", sort: "cost", number: true, cell: (row) => <Money amount={row.monthlyCost} /> },
  { name: "saving", exported: "saving", sort: "saving", number: true, cell: ({ verdict }) => <Money amount={verdict?.saving} /> },
  { name: "size", exported: "sizeBytes", sort: "size", number: true, cell: (row) => bytes(row.sizeBytes) ?? unknown() },
  { name: "lastAccess", exported: "lastAccessed", sort: "lastAccess", cell: (row) => day(row.lastAccessed) ?? none("waste.notSeen") },
  { name: "owners", exported: "owners", cell: (row) => names(row.owners.map((owner) => owner.name), "nobody") },
  { name: "activity", exported: "activity", cell: (row) => t(`waste.activity.${row.activity}`) },
  { name: "lastWrite", exported: "lastWritten", sort: "lastWrite", cell: (row) => day(row.lastWritten) ?? unknown() },
  { name: "queries", exported: "queries30d", sort: "queries", number: true, cell: (row) => count(row.queries30d) },
  { name: "daysOfUse", exported: "daysOfUse", number: true, cell: (row) => count(row.daysOfUse) },
  { name: "idleDays", exported: "idleDays", number: true, cell: (row) => (row.idleDays === null ? unknown() : count(row.idleDays)) },
  { name: "evidence", exported: "evidence", cell: (row) => t(`waste.evidence.${row.evidence}`) },
  { name: "purgeScore", exported: "purgeScore", sort: "purgeScore", number: true, cell: ({ verdict }) => figure(verdict?.purgeScore?.value) },
  {
    name: "returnRisk",
    exported: "returnRisk",
    sort: "returnRisk",
    number: true,
    cell: ({ verdict }) => percent(verdict?.returnRisk?.value, 1) ?? unknown(),
  },
  {
    name: "blockers",
    exported: "blockerCodes",
    cell: ({ verdict }) => verdict?.blockers?.map((each) => t(`waste.blocker.${each.code}`)).join(", ") || none("waste.none"),
  },
  { name: "tier", exported: "tier", cell: (row) => row.tier ?? none("waste.none") },
  { name: "tags", exported: "tags", cell: (row) => names(row.tags, "waste.none") },
  { name: "domain", exported: "domain", cell: (row) => names(row.domain ? [row.domain] : [], "waste.none") },
  { name: "service", exported: "service", cell: (row) => <Name text={row.service} /> },
  { name: "database", exported: "database", cell: (row) => names(row.database ? [row.database] : [], "waste.none") },
  { name: "schema", exported: "schema", cell: (row) => names(row.schema ? [row.schema] : [], "waste.none") },
  { name: "type", exported: "tableType", cell: (row) => row.tableType ?? unknown() },
  { name: "storageCost", exported: "storageCost", number: true, cell: (row) => <Money amount={row.storageCost} /> },
  { name: "queryCost", exported: "queryCost", number: true, cell: (row) => <Money amount={row.queryCost} /> },
  { name: "created", exported: "created", cell: (row) => day(row.created) ?? unknown() },
  { name: "zombie", exported: "zombie", cell: (row) => t(row.zombie ? "waste.yes" : "waste.no") },
] as const satisfies readonly Column[];

export type ColumnName = (typeof COLUMNS)[number]["name"];
export const DEFAULT_COLUMNS: readonly ColumnName[] = ["verdict", "cost", "saving", "size", "lastAccess", "owners"];

export function columnsNamed(chosen: readonly ColumnName[]): (Column & { name: ColumnName })[] {
  return COLUMNS.filter((each) => chosen.includes(each.name));
}

export function Badge({ verdict }: { verdict: Verdict }) {
  return <span class={`verdict ${verdict}`}>{t(`verdict.${verdict}`)}</span>;
}

function none(key: "waste.none" | "waste.notSeen" | "nobody") {
  return <span class="muted">{t(key)}</span>;
}

function unknown() {
  return <span class="muted">{t("unknown")}</span>;
}

function figure(value: number | undefined) {
  return value === undefined ? unknown() : count(value);
}

// So many names stand in a cell; a table may have a hundred owners.
const SHOWN = 3;

function names(all: string[], otherwise: "waste.none" | "nobody") {
  if (all.length === 0) return none(otherwise);
  const more = all.length - SHOWN;
  return (
    <span title={more > 0 ? all.join(", ") : undefined}>
      {all.slice(0, SHOWN).map((each, place) => (
        <span key={each}>
          {place > 0 && ", "}
          <Name text={each} />
        </span>
      ))}
      {more > 0 && <span class="muted"> {t("waste.more", { count: more })}</span>}
    </span>
  );
}
