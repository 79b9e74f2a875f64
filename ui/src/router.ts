// Where the page is: a view and what its address says beside it. Addresses are shared, so all of it stands in them.
import { signal } from "@preact/signals";

export interface Place {
  view: string;
  params: URLSearchParams;
}

// Ends with a slash; set by the server, which knows how deep below it the address is.
const root = new URL(document.documentElement.dataset.root ?? "./", location.href);

function current(): Place {
  const path = location.pathname.startsWith(root.pathname) ? location.pathname.slice(root.pathname.length) : "";
  return { view: path.replace(/\/+$/, ""), params: new URLSearchParams(location.search) };
}

export const place = signal<Place>(current());

addEventListener("popstate", () => {
  place.value = current();
});

/** The address of a view; parameters that are null or empty are left out. */
export function addressOf(view: string, params: Record<string, string | null | undefined> = {}): string {
  const address = new URL(view, root);
  for (const [name, value] of Object.entries(params)) if (value) address.searchParams.set(name, value);
  return address.pathname + address.search;
}

/** Names in one parameter: commas stand between them, and a backslash before a comma or backslash of a name's own. */
export function listOf(names: readonly string[]): string {
  return names.map((each) => each.replace(/[\\,]/g, "\\$&")).join(",");
}

/** The address of one of ThirdEye's own endpoints, such as `graphql`, wherever a proxy put it. */
export function endpoint(name: string): string {
  return new URL(`../${name}`, root).pathname;
}

/** Goes to an address; to its top, unless `stay` says that the reader stays where they are. */
export function go(address: string, how: "push" | "replace" = "push", stay = false): void {
  if (how === "push") history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  place.value = current();
  if (how === "push" && !stay) scrollTo(0, 0);
}

/** The same view with other parameters. */
export function change(params: Record<string, string | null | undefined>, how: "push" | "replace" = "push"): void {
  const { view, params: known } = place.value;
  go(addressOf(view, { ...Object.fromEntries(known), ...params }), how);
}
