// Where the money goes, and which tables it goes to. All state is in the address.
import { stateOf } from "../components/waste/address";
import { CostMapCard } from "../components/waste/cost_map";
import { FilterPanel } from "../components/waste/filter_panel";
import { TableList } from "../components/waste/table_list";
import { Unreadable } from "../components/waste/way_on";
import { Heading } from "../components/basics";
import { place } from "../router";
import { t } from "../texts";
import "./waste.css";

export function Waste() {
  const state = stateOf(place.value.params);
  return (
    <>
      <Heading title={t("waste")}>{t("waste")}</Heading>
      <Unreadable unreadable={state.unreadable} />
      <FilterPanel state={state} />
      <div class="map-and-list">
        <CostMapCard state={state} />
        <TableList state={state} />
      </div>
    </>
  );
}
