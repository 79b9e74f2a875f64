// What a table costs and what OpenMetadata says of it.
import type { ComponentChildren } from "preact";
import { bytes, day } from "../../format";
import { t } from "../../texts";
import { Card, Money, Name } from "../basics";
import type { TableOfPage } from "./answer";

export function Facts({ table }: { table: TableOfPage }) {
  return (
    <div class="columns">
      <Cost table={table} />
      <Card title={t("table.about")}>
        <dl>
          <Fact name={t("owners")}>
            {table.owners.length > 0 ? <Names of={table.owners.map((each) => each.name)} /> : t("nobody")}
            {table.formerOwners.length > 0 && (
              <span class="muted">
                {" "}
                {t("table.left")}: <Names of={table.formerOwners.map((each) => each.name)} />
              </span>
            )}
          </Fact>
          <Fact name={t("table.tier")}>
            {table.tier ?? t("table.none")}
            {table.suggestedTier && <span class="muted"> {t("table.suggested", { what: table.suggestedTier })}</span>}
          </Fact>
          <NamesFact name={t("table.domains")} of={table.domains} always />
          <NamesFact name={t("table.tags")} of={table.tags} always />
          <NamesFact name={t("table.suggestedTags")} of={table.suggestedTags} />
          <NamesFact name={t("table.columnTags")} of={table.columnTags} />
          <NamesFact name={t("table.inheritedTags")} of={table.inheritedTags} />
          <NamesFact name={t("table.dataProducts")} of={table.dataProducts} />
          <NamesFact name={t("table.dataContracts")} of={table.dataContracts} />
          <Fact name={t("table.described")}>{t(table.described ? "table.yes" : "table.no")}</Fact>
          <Fact name={t("table.created")}>{day(table.created) ?? t("unknown")}</Fact>
          <Fact name={t("table.knownSince")}>{day(table.knownSince) ?? t("unknown")}</Fact>
        </dl>
      </Card>
    </div>
  );
}

function Cost({ table }: { table: TableOfPage }) {
  const { storagePrice: price } = table;
  return (
    <Card title={t("table.cost")}>
      <dl>
        <Fact name={t("costsAMonth")}>
          <strong>
            <Money amount={table.monthlyCost} />
          </strong>
        </Fact>
        <Fact name={t("table.size")}>{bytes(table.sizeBytes) ?? t("unknown")}</Fact>
        <Fact name={t("table.storageCost")}>
          <Money amount={table.storageCost} />
        </Fact>
        <Fact name={t("table.queryCost")}>
          <Money amount={table.queryCost} />
        </Fact>
        <Fact name={t("table.price")}>
          {t("table.perGb", { price: table.usdPerGbMonth })}
          {table.longTermRate && ` ${t("table.longTerm")}`}
          <span class="muted small block">
            {t(`table.basis.${table.priceBasis}`)} <Name text={price.service ?? price.serviceType} />
            {table.priceBasis === "LIST"
              ? price.sourceDate && `, ${t("table.readOn", { day: day(price.sourceDate) ?? "" })}`
              : `, ${t("table.validFrom", { day: day(price.effectiveFrom) ?? "" })}`}
            {price.source && (
              <>
                {" · "}
                <bdi>{price.source}</bdi>
              </>
            )}
          </span>
        </Fact>
      </dl>
    </Card>
  );
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function NamesFact({ name, of, always = false }: { name: string; of: string[]; always?: boolean }) {
  if (of.length === 0 && !always) return null;
  return <Fact name={name}>{of.length > 0 ? <Names of={of} /> : t("table.none")}</Fact>;
}

function Names({ of }: { of: string[] }) {
  return (
    <>
      {of.map((each, place) => (
        <span key={each}>
          {place > 0 && ", "}
          <Name text={each} />
        </span>
      ))}
    </>
  );
}
