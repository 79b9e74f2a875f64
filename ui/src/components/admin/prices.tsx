// What storage costs, by type of service, and a price of one's own.
import { useId, useState } from "preact/hooks";
import { day } from "../../format";
import { t, textOf } from "../../texts";
import { useWrite } from "../../write";
import { Card, Name } from "../basics";
import "../form/form.css";
import { FieldProblem, Refusal } from "../refusal";
import type { Price } from "./admin";

const FIELDS = ["serviceType", "usdPerGbMonth", "effectiveFrom", "service"] as const;

export function Prices({ prices, reload }: { prices: Price[]; reload: () => void }) {
  return (
    <Card title={t("admin.prices")}>
      <div class="scrolls short" tabIndex={0} role="region" aria-label={t("admin.prices")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("admin.price.serviceType")}</th>
              <th scope="col" class="number">
                {t("admin.price.usdPerGbMonth")}
              </th>
              <th scope="col">{t("admin.price.effectiveFrom")}</th>
              <th scope="col">{t("admin.price.source")}</th>
            </tr>
          </thead>
          <tbody>
            {prices.map((each) => (
              <tr key={`${each.serviceType} ${each.service} ${each.effectiveFrom} ${each.basis}`}>
                <th scope="row">
                  <Name text={each.service ?? (each.serviceType === "*" ? t("admin.allOthers") : each.serviceType)} />
                </th>
                <td class="number">
                  {each.usdPerGbMonth}
                  {each.longTermUsdPerGbMonth !== null && (
                    <span class="block muted small">{t("admin.longTerm", { price: each.longTermUsdPerGbMonth, count: each.longTermDays ?? 0 })}</span>
                  )}
                </td>
                <td>{day(each.effectiveFrom)}</td>
                <td>
                  {textOf(`admin.basis.${each.basis}`) ?? each.basis}, <Name text={each.setBy} />
                  {each.sourceDate && <span class="muted small block">{t("table.readOn", { day: day(each.sourceDate) ?? "" })}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <SetPrice reload={reload} />
    </Card>
  );
}

function SetPrice({ reload }: { reload: () => void }) {
  const id = useId();
  const [typed, setTyped] = useState({ serviceType: "", usdPerGbMonth: "", effectiveFrom: "", service: "" });
  const [isSet, setIsSet] = useState(false);
  const write = useWrite();
  const submit = async (event: Event) => {
    event.preventDefault();
    const { effectiveFrom, service, ...rest } = typed;
    const variables = { serviceType: rest.serviceType.trim(), usdPerGbMonth: rest.usdPerGbMonth.trim().replace(",", "."), ...(effectiveFrom ? { effectiveFrom } : {}), ...(service.trim() ? { service: service.trim() } : {}) };
    const isDone = (await write.send("set_storage_price", variables)) !== null;
    setIsSet(isDone);
    if (!isDone) return;
    setTyped({ serviceType: "", usdPerGbMonth: "", effectiveFrom: "", service: "" });
    reload();
  };
  return (
    <details>
      <summary>{t("admin.setPrice")}</summary>
      <form class="form" onSubmit={submit} noValidate>
        <p>{t("admin.priceConsequence")}</p>
        {FIELDS.map((name) => (
          <div key={name} class="field">
            <label for={`${id}-${name}`}>{t(`admin.price.${name}`)}</label>{" "}
            <input
              id={`${id}-${name}`}
              type={name === "effectiveFrom" ? "date" : "text"}
              value={typed[name]}
              aria-invalid={write.problem?.argument === name}
              aria-describedby={`${id}-${name}-refused`}
              onInput={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })}
            />
            <FieldProblem id={`${id}-${name}-refused`} problem={write.problem} argument={name} />
          </div>
        ))}
        <Refusal problem={write.problem} atField={FIELDS} />
        <button type="submit" class="primary" disabled={write.isBusy || !typed.serviceType.trim() || !typed.usdPerGbMonth.trim()}>
          {t("admin.setPriceNow")}
        </button>
        <p role="status">{isSet && t("admin.priceSet")}</p>
      </form>
    </details>
  );
}
