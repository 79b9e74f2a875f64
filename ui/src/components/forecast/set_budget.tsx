// For administrators: what a place may cost. What it means is said before it is sent; what was set before is never overwritten.
import { useId, useState } from "preact/hooks";
import { day, money } from "../../format";
import { t } from "../../texts";
import { useWrite } from "../../write";
import { Card } from "../basics";
import "../form/form.css";
import { FieldProblem, Refusal } from "../refusal";
import { placeName, type PlaceOfBudget } from "./forecast";

const AMOUNT = /^\d{1,13}([.,]\d{1,6})?$/;
const FIELDS = ["monthlyUsd", "from"];
const NOTHING = { amount: "", from: "", isEnd: false };

export function SetBudget({ place }: { place: PlaceOfBudget }) {
  const id = useId();
  const [typed, setTyped] = useState(NOTHING);
  const [isTried, setTried] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const [isSet, setIsSet] = useState(false);
  const write = useWrite();
  const amount = typed.amount.trim().replace(",", ".");
  const isWrong = !typed.isEnd && !AMOUNT.test(typed.amount.trim());
  // What was confirmed is what was typed then.
  const type = (part: Partial<typeof NOTHING>) => {
    setTyped({ ...typed, ...part });
    setAsked(false);
    setIsSet(false);
    write.forget();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    setIsSet(false);
    if (isWrong) document.getElementById(`${id}-amount`)?.focus();
    else setAsked(true);
  };
  const send = async () => {
    const { service, domain } = place;
    const where = { ...(service === null ? {} : { service }), ...(domain === null ? {} : { domain }) };
    const variables = { ...where, monthlyUsd: typed.isEnd ? null : amount, ...(typed.from ? { from: typed.from } : {}) };
    const isDone = (await write.send("set_budget", variables)) !== null;
    // What was refused is mended in its field; what was lost on the way is sent again as it is.
    setAsked(false);
    setIsSet(isDone);
    if (!isDone) return;
    setTyped(NOTHING);
    setTried(false);
  };
  const said = { day: day(typed.from) ?? t("forecast.today"), place: placeName(place), amount: money(amount) ?? "" };
  return (
    <Card title={t("forecast.set", { place: placeName(place) })}>
      <form class="form" onSubmit={submit} noValidate>
        <div class="field">
          <label for={`${id}-amount`}>{t("forecast.amount")}</label>
          <input
            id={`${id}-amount`}
            inputMode="decimal"
            autoComplete="off"
            value={typed.amount}
            disabled={typed.isEnd}
            aria-invalid={(isTried && isWrong) || write.problem?.argument === "monthlyUsd"}
            aria-describedby={`${id}-amount-note ${id}-amount-wrong ${id}-amount-refused`}
            onInput={(event) => type({ amount: event.currentTarget.value })}
          />
          <p id={`${id}-amount-note`} class="muted small">
            {t("forecast.amountNote")}
          </p>
          <p id={`${id}-amount-wrong`} class="wrong small" role="status">
            {isTried && isWrong && t("forecast.amountWrong")}
          </p>
          <FieldProblem id={`${id}-amount-refused`} problem={write.problem} argument="monthlyUsd" />
        </div>
        <label>
          <input type="checkbox" checked={typed.isEnd} onChange={(event) => type({ isEnd: event.currentTarget.checked })} /> {t("forecast.end")}
        </label>
        <div class="field">
          <label for={`${id}-from`}>{t("forecast.day")}</label>
          <input
            id={`${id}-from`}
            type="date"
            value={typed.from}
            aria-invalid={write.problem?.argument === "from"}
            aria-describedby={`${id}-from-refused`}
            onInput={(event) => type({ from: event.currentTarget.value })}
          />
          <FieldProblem id={`${id}-from-refused`} problem={write.problem} argument="from" />
        </div>
        <Refusal problem={write.problem} atField={FIELDS} />
        {!isAsked && (
          <button type="submit" class="primary" disabled={write.isBusy}>
            {t("forecast.look")}
          </button>
        )}
      </form>
      {isAsked && (
        <div class="confirm" role="group" aria-label={t("work.consequence")}>
          <p>{t(typed.isEnd ? "forecast.consequenceEnd" : "forecast.consequence", said)}</p>
          <button type="button" class="primary" disabled={write.isBusy} aria-busy={write.isBusy} onClick={send}>
            {t("forecast.setNow")}
          </button>{" "}
          <button type="button" disabled={write.isBusy} onClick={() => setAsked(false)}>
            {t("work.cancel")}
          </button>
        </div>
      )}
      <p role="status">{isSet && t("forecast.isSet")}</p>
    </Card>
  );
}
