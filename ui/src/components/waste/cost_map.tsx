// Where the money is: a map of costs that one descends into, and the same as a table.
import { useEffect, useRef } from "preact/hooks";
import { count } from "../../format";
import { useQuery } from "../../query";
import { t } from "../../texts";
import type { Verdict } from "../../types";
import { Answer, Card, Fold, Money, Name } from "../basics";
import type { Changes, State } from "./address";
import { listOf } from "../../router";
import { VERDICTS } from "./filters";
import { MAP, mapQuestion, pathOf } from "./questions";
import { useShown } from "./shown";
import { Stay } from "./stay";
import { Tiles } from "./tiles";

export interface Entry {
  name: string | null;
  tables: number;
  tablesOfUnknownCost: number;
  monthlyCost: string;
  verdicts: { verdict: Verdict; tables: number; monthlyCost: string }[];
}

export interface CostMap {
  costMap: {
    total: Omit<Entry, "verdicts">;
    entries: Entry[];
    others: Entry | null;
    otherEntries: number;
  };
}

export function CostMapCard({ state }: { state: State }) {
  const { service, database, schema } = pathOf(state);
  const query = useQuery<CostMap>(MAP, mapQuestion(state));
  const { shown, isOld } = useShown(query);
  const deeper = (name: string): Changes =>
    service === null
      ? { service: listOf([name]), database: null, schema: null }
      : database === null
        ? { database: listOf([name]), schema: null }
        : { schema: listOf([name]) };
  return (
    <Card title={t("waste.map")} class="cost-map">
      <Path service={service} database={database} schema={schema} isReached={!isOld} />
      <Answer query={shown} lines={11}>
        {({ costMap }) => (
          <div class={isOld ? "rows old" : "rows"} aria-busy={isOld}>
            <Body map={costMap} deeper={deeper} chosen={schema} />
          </div>
        )}
      </Answer>
    </Card>
  );
}

interface PathProps {
  service: string | null;
  database: string | null;
  schema: string | null;
  /** Whether the map shows this place by now. */
  isReached: boolean;
}

function Path({ service, database, schema, isReached }: PathProps) {
  const steps: { text: string; changes: Changes }[] = [
    { text: t("waste.allServices"), changes: { service: null, database: null, schema: null } },
  ];
  if (service !== null) steps.push({ text: service, changes: { database: null, schema: null } });
  if (database !== null) steps.push({ text: database, changes: { schema: null } });
  if (schema !== null) steps.push({ text: schema, changes: {} });
  const here = useRef<HTMLSpanElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    // Who descended by the keyboard stood on a tile that is gone.
    if (!isReached) return;
    if (!isFirst.current && document.activeElement === document.body) here.current?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [service, database, isReached]);
  return (
    <nav aria-label={t("waste.path")}>
      <ol class="path">
        {steps.map(({ text, changes }, place) => (
          <li key={place}>
            {place < steps.length - 1 ? (
              <Stay changes={changes}>
                <Name text={text} />
              </Stay>
            ) : (
              <span aria-current="location" tabIndex={-1} ref={here}>
                <Name text={text} />
              </span>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

export interface MapProps {
  map: CostMap["costMap"];
  deeper: (name: string) => Changes;
  chosen: string | null;
}

function Body(props: MapProps) {
  const { total, entries } = props.map;
  if (entries.length === 0) return <p>{t("waste.nothingHere")}</p>;
  return (
    <>
      <p class="muted small">
        <Money amount={total.monthlyCost} /> {t("waste.aMonthFor", { count: total.tables })}
        {total.tablesOfUnknownCost > 0 && ` ${t("waste.costUnknown", { count: total.tablesOfUnknownCost })}`}
      </p>
      {Number(total.monthlyCost) > 0 ? <Tiles {...props} /> : <p>{t("waste.noCost")}</p>}
      <Legend />
      <p class="muted small">{t("waste.mapNote")}</p>
      <EntryTable {...props} />
    </>
  );
}

function Legend() {
  return (
    <ul class="legend small" aria-label={t("waste.legend")}>
      {VERDICTS.map((each) => (
        <li key={each}>
          <span class="swatch" style={{ background: `var(--map-${each})` }} aria-hidden="true" />
          {t(`verdict.${each}`)}
        </li>
      ))}
    </ul>
  );
}

function EntryTable(props: MapProps) {
  return (
    <Fold class="small" summary={t("asTable")}>
      {() => <Entries {...props} />}
    </Fold>
  );
}

function Entries({ map, deeper }: MapProps) {
  const rows = map.others ? [...map.entries, map.others] : map.entries;
  return (
    <div class="scrolls short" tabIndex={0} role="region" aria-label={t("waste.map")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("waste.place")}</th>
            <th scope="col" class="number">{t("waste.column.cost")}</th>
            {VERDICTS.map((each) => (
              <th key={each} scope="col" class="number">{t(`verdict.${each}`)}</th>
            ))}
            <th scope="col" class="number">{t("waste.tables")}</th>
            <th scope="col" class="number">{t("waste.unknownCost")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((each) => (
            <tr key={each === map.others ? "" : `/${each.name}`}>
              <th scope="row">
                {each === map.others ? (
                  t("waste.others", { count: map.otherEntries })
                ) : each.name === null ? (
                  t("waste.nameless")
                ) : (
                  <Stay changes={deeper(each.name)}>
                    <Name text={each.name} />
                  </Stay>
                )}
              </th>
              <td class="number"><Money amount={each.monthlyCost} /></td>
              {VERDICTS.map((verdict) => (
                <td key={verdict} class="number">
                  <Money amount={each.verdicts.find((one) => one.verdict === verdict)?.monthlyCost ?? "0"} />
                </td>
              ))}
              <td class="number">{count(each.tables)}</td>
              <td class="number">{count(each.tablesOfUnknownCost)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
