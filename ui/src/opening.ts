// What the view asks that the page opens with, in as few requests as can be: sent before the rest of the page is evaluated.
import { lastVisit } from "./components/overview/visit";
import { stateOf as stateOfForecast } from "./components/forecast/forecast";
import { completedFilter, completedQuestion, FORECAST, forecastQuestion, HISTORY, historyQuestion, ITEMS, PAGE, pageQuestion } from "./components/forecast/questions";
import { planQuestion, PLAN, wanted } from "./components/unlock/questions";
import { stateOf } from "./components/waste/address";
import { LIST, listQuestion, MAP, mapQuestion } from "./components/waste/questions";
import { askTogether, type Part } from "./query";
import { place } from "./router";
import { begin, token } from "./session";

const ME: Part = { operation: "get_me", variables: {}, of: ({ me }) => ({ me }) };
type Question = [operation: string, variables: Record<string, unknown>];

/** A question of a view, and what else its answer holds. */
function first([operation, variables]: Question, more: Record<string, unknown> = {}, parts: readonly Part[] = []): void {
  askTogether(operation, { ...variables, opening: true, ...more }, [{ operation, variables, of: (data) => data }, ME, ...parts]);
}

function alone([operation, variables]: Question): void {
  askTogether(operation, variables, [{ operation, variables, of: (data) => data }]);
}

const me = () => alone([ME.operation, ME.variables]);

const VIEWS: Record<string, (params: URLSearchParams) => void> = {
  // Who one is decides whether it is shown, so that this does not wait for all of it.
  "": () => {
    me();
    alone(["get_overview", { since: lastVisit() }]);
  },
  waste: (params) => {
    const state = stateOf(params);
    const map = mapQuestion(state);
    const list: Question = [LIST, listQuestion(state, state.after, state.before)];
    first(list, { mapService: map.service, mapDatabase: map.database }, [
      { operation: MAP, variables: map, of: ({ costMap }) => ({ costMap }) },
    ]);
  },
  unlock: (params) => first([PLAN, planQuestion(wanted(params))]),
  trust: () => first(["get_trust", {}]),
  forecast: (params) => {
    const state = stateOfForecast(params);
    const { service, domain } = state;
    alone([FORECAST, forecastQuestion(state)]);
    first([PAGE, pageQuestion(state)], { service, domain, completed: completedFilter(service) }, [
      { operation: HISTORY, variables: historyQuestion(service, domain), of: ({ budgetHistory }) => ({ budgetHistory }) },
      { operation: ITEMS, variables: completedQuestion(service), of: ({ actionItems }) => ({ actionItems }) },
    ]);
  },
  table: (params) => {
    const fqn = params.get("fqn");
    if (!fqn) return;
    first(["get_table_page", { fqn }], {}, [{ operation: "get_table_impact", variables: { fqn }, of: ({ table }) => ({ table }) }]);
    alone(["list_action_items", { filter: { table: [fqn] }, first: 20 }]);
  },
};

/** Done once it is known who asks; nothing is asked before. */
export const known = begin();

// A token at hand is known at once. Of others it takes a moment, and then the views ask by themselves.
if (token.value !== null) (VIEWS[place.value.view] ?? me)(place.value.params);
