// Whether it paid off: what was promised and what was measured, by month, service, owner and campaign.
import { Answer, Card, Heading, Link, Money } from "../components/basics";
import { Bars } from "../components/savings/bars";
import { Campaigns } from "../components/savings/campaigns";
import { Groups } from "../components/savings/groups";
import { lastMonth, type SavingsPage } from "../components/savings/savings";
import { useShown } from "../components/waste/shown";
import { day } from "../format";
import { useQuery } from "../query";
import { addressOf, change, place } from "../router";
import { t } from "../texts";
import { useFresh } from "../write";
import "./savings.css";

const GROUPED = ["services", "owners", "byCampaign"] as const;

/** A day of the address; null for what is none. */
function dayOf(name: string): string | null {
  const text = place.value.params.get(name) ?? "";
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : null;
}

export function Savings() {
  const last = lastMonth();
  const period = { from: dayOf("from"), to: dayOf("to") };
  const query = useFresh(useQuery<SavingsPage>("get_savings_page", { ...period, lastFrom: last.from, lastTo: last.to }));
  // Once it is there it stays while it is asked again: forms stand in it.
  const { shown } = useShown(query);
  return (
    <>
      <Heading title={t("savings")}>{t("savings")}</Heading>
      <div class="period">
        {(["from", "to"] as const).map((name) => (
          <label key={name}>
            {t(`savings.${name}`)}{" "}
            <input type="date" value={period[name] ?? ""} onChange={(event) => change({ [name]: event.currentTarget.value || null }, "replace")} />
          </label>
        ))}
        <Link to={addressOf("report")}>{t("report.link")}</Link>
      </div>
      <Answer query={shown} lines={12}>
        {(page) => <Body page={page} />}
      </Answer>
    </>
  );
}

function Body({ page }: { page: SavingsPage }) {
  const { months } = page;
  return (
    <>
      <div class="figures">
        <Figure name={t("savings.lastMonth")} note={t("savings.lastMonthNote", { count: page.lastMonth.tables })} amount={page.lastMonth.realizedUsd} />
        <Figure name={t("savings.realized")} note={period(months)} amount={months.realizedUsd} />
        <Figure name={t("savings.projected")} note={t("savings.projectedNote")} amount={months.projectedUsd} />
        <Figure name={t("savings.open")} note={t("savings.openNote")} amount={months.openUsd} />
      </div>
      {months.unproven > 0 && <p class="muted">{t("savings.unproven", { count: months.unproven })}</p>}
      <Card title={t("savings.months")}>
        {months.groups.length > 0 && <Bars groups={months.groups} />}
        <Groups groups={months.groups} label={t("savings.months")} head={t("savings.month")} />
      </Card>
      <div class="columns">
        {GROUPED.map((each) => (
          <Card key={each} title={t(`savings.${each}`)}>
            <Groups groups={page[each].groups} label={t(`savings.${each}`)} head={t(`savings.${each}.head`)} />
          </Card>
        ))}
      </div>
      <Campaigns campaigns={page.campaigns} />
    </>
  );
}

function period({ from, to }: { from: string; to: string }): string {
  return `${day(from)} – ${day(to)}`;
}

function Figure({ name, note, amount }: { name: string; note: string; amount: string }) {
  return (
    <div class="card figure">
      <span class="muted">{name}</span>
      <strong>
        <Money amount={amount} />
      </strong>
      <span class="muted small">{note}</span>
    </div>
  );
}
