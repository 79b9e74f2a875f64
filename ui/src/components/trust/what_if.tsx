// Another policy, tried on the estate and on the past before anything is set. What is tried stands in the address.
import { useEffect, useId, useState } from "preact/hooks";
import type { Me } from "../../me";
import { day, percent } from "../../format";
import { useQuery } from "../../query";
import { change, place } from "../../router";
import { t, textOf } from "../../texts";
import { useWrite } from "../../write";
import { Answer, Card, Money } from "../basics";
import { Refusal } from "../refusal";
import { useShown } from "../waste/shown";
import { shareOf } from "./quality";
import { type Chosen, chosenOf, type Policy, type Simulation } from "./trust";

const PAUSE = 250;
const SLIDERS = [
  { name: "deleteRisk", longest: 1, step: 0.01 },
  { name: "archiveRisk", longest: 1, step: 0.01 },
  { name: "minimumIdleDays", longest: 730, step: 5 },
] as const;

/** The policy of the address: what it does not name, or cannot be read, is as it is now. */
function tried(policy: Policy): Chosen {
  const { params } = place.value;
  const found = chosenOf(policy);
  for (const { name, longest } of SLIDERS) {
    const value = Number(params.get(name) ?? Number.NaN);
    if (value >= 0 && value <= longest) found[name] = name === "minimumIdleDays" ? Math.round(value) : value;
  }
  const cared = params.get("reviewCaredFor");
  return cared === "true" || cared === "false" ? { ...found, reviewCaredFor: cared === "true" } : found;
}

function same(one: Chosen, other: Chosen): boolean {
  return (Object.keys(one) as (keyof Chosen)[]).every((each) => one[each] === other[each]);
}

/** What is too risky to archive is too risky to delete: each of the two takes the other along. */
function withValue(chosen: Chosen, name: (typeof SLIDERS)[number]["name"], value: number): Chosen {
  const next = { ...chosen, [name]: value };
  if (name === "deleteRisk") next.archiveRisk = Math.max(next.archiveRisk, value);
  if (name === "archiveRisk") next.deleteRisk = Math.min(next.deleteRisk, value);
  return next;
}

export function WhatIf({ policy, me, reload }: { policy: Policy; me: Me | null; reload: () => void }) {
  const now = chosenOf(policy);
  const [chosen, setChosen] = useState<Chosen>(() => tried(policy));
  const [asked, setAsked] = useState(chosen);
  // A slider passes many values on its way: only where it rests is asked about.
  useEffect(() => {
    const timer = setTimeout(() => {
      setAsked(chosen);
      const params = Object.fromEntries(Object.entries(chosen).map(([name, value]) => [name, value === now[name as keyof Chosen] ? null : String(value)]));
      change(params, "replace");
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [chosen]);
  const query = useQuery<Simulation>("simulate_policy", { input: asked });
  const { shown, isOld } = useShown(query);
  const isTold = query.data !== null && same(asked, chosen);
  return (
    <Card
      title={t("trust.whatIf")}
      aside={
        !same(chosen, now) && (
          <button type="button" onClick={() => setChosen(now)}>
            {t("trust.asNow")}
          </button>
        )
      }
    >
      <p class="muted">{t("trust.whatIfNote")}</p>
      <div class="sliders">
        {SLIDERS.map((each) => (
          <Slider key={each.name} {...each} value={chosen[each.name]} now={now[each.name]} set={(value) => setChosen(withValue(chosen, each.name, value))} />
        ))}
        <label>
          <input type="checkbox" checked={chosen.reviewCaredFor} onChange={(event) => setChosen({ ...chosen, reviewCaredFor: event.currentTarget.checked })} /> {t("trust.reviewCaredFor")}
        </label>
      </div>
      <Answer query={shown}>
        {({ simulatePolicy: result }) => (
          <div aria-busy={isOld} aria-live="polite">
            <Result result={result} />
          </div>
        )}
      </Answer>
      {me?.mayAdminister ? <SetPolicy chosen={chosen} now={now} isTold={isTold} reload={reload} /> : <p class="muted small">{t("trust.onlyAdmin")}</p>}
    </Card>
  );
}

function Slider(props: { name: (typeof SLIDERS)[number]["name"]; longest: number; step: number; value: number; now: number; set: (value: number) => void }) {
  const id = useId();
  const said = (value: number) => (props.name === "minimumIdleDays" ? t("trust.days", { count: value }) : (percent(value, 1) ?? ""));
  return (
    <div>
      <label for={id}>{t(`trust.${props.name}`)}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={Math.max(props.longest, props.now)}
        step={props.step}
        value={props.value}
        aria-valuetext={said(props.value)}
        onInput={(event) => props.set(Number(event.currentTarget.value))}
      />
      <output for={id}>
        {said(props.value)} <span class="muted small">({t("trust.now", { value: said(props.now) })})</span>
      </output>
    </div>
  );
}

function Result({ result }: { result: Simulation["simulatePolicy"] }) {
  const { backTest } = result;
  return (
    <>
      <p>
        {t("trust.would", { count: result.tables })} <Money amount={result.saving} /> {t("trust.aMonth")} {t("trust.differ", { count: result.changed })}
      </p>
      <div class="scrolls" tabIndex={0} role="region" aria-label={t("trust.verdicts")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("verdict")}</th>
              <th scope="col" class="number">
                {t("savings.tables")}
              </th>
              <th scope="col" class="number">
                {t("costsAMonth")}
              </th>
            </tr>
          </thead>
          <tbody>
            {result.verdicts.map((each) => (
              <tr key={each.recommendation}>
                <th scope="row">{textOf(`verdict.${each.recommendation}`) ?? each.recommendation}</th>
                <td class="number">{each.tables}</td>
                <td class="number">
                  <Money amount={each.monthlyCost} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <h3>{t("trust.backTest")}</h3>
      {backTest.days.length === 0 ? (
        <p>{t("trust.backTestNone")}</p>
      ) : (
        <>
          <p class="muted small">{t("trust.backTestNote", { count: backTest.days.length, first: day(backTest.days[0]) ?? "" })}</p>
          <ul>
            {(["delete", "archive"] as const).map((each) => (
              <li key={each}>
                {t(`trust.backTest.${each}`, { count: backTest[each].verdicts, regrets: backTest[each].regrets })} {backTest[each].rate !== null && shareOf(backTest[each])}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

/** Sets what was tried, after saying what it means; it can be set back. */
function SetPolicy({ chosen, now, isTold, reload }: { chosen: Chosen; now: Chosen; isTold: boolean; reload: () => void }) {
  const write = useWrite();
  const [before, setBefore] = useState<Chosen | null>(null);
  const [isAsked, setAsked] = useState(false);
  const isNow = same(chosen, now);
  const send = async (input: Chosen, earlier: Chosen | null) => {
    if ((await write.send("set_policy", { input })) === null) return;
    setBefore(earlier);
    setAsked(false);
    reload();
  };
  return (
    <>
      <p role="status">{before && t("trust.set")}</p>
      <div class="actions">
        {!isAsked && (
          <button type="button" class="primary" disabled={isNow || !isTold} onClick={() => setAsked(true)}>
            {t("trust.setIt")}
          </button>
        )}
        {before && (
          <button type="button" disabled={write.isBusy} onClick={() => send(before, null)}>
            {t("trust.setBack")}
          </button>
        )}
      </div>
      {isAsked && (
        <div class="confirm" role="group" aria-label={t("work.consequence")}>
          <p>{t("trust.consequence")}</p>
          <button type="button" class="primary" disabled={write.isBusy || !isTold} aria-busy={write.isBusy} onClick={() => send(chosen, now)}>
            {t("trust.setNow")}
          </button>
          <button type="button" onClick={() => setAsked(false)}>
            {t("work.cancel")}
          </button>
        </div>
      )}
      <Refusal problem={write.problem} />
    </>
  );
}
