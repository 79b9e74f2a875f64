// What the view asks, by what its address says.
import type { State } from "./forecast";

export const PAGE = "get_forecast_page";
export const FORECAST = "get_budget_forecast";
export const HISTORY = "get_budget_history";
export const ITEMS = "list_action_items";

export function pageQuestion({ level }: State): Record<string, unknown> {
  return { level };
}

export function forecastQuestion({ months, service, domain, level }: State): Record<string, unknown> {
  return { months, service, domain, level };
}

export function historyQuestion(service: string | null, domain: string | null): Record<string, unknown> {
  return { service, domain, first: 100 };
}

/** The items that were completed. */
export function completedFilter(service: string | null): Record<string, unknown> {
  return { resolution: ["COMPLETED"], ...(service === null ? {} : { service: [service] }) };
}

export function completedQuestion(service: string | null): Record<string, unknown> {
  return { first: 100, sortBy: "updatedAt", filter: completedFilter(service) };
}
