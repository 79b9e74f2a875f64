// What the address says of the list, and what is asked for that.
import { ACTORS, STATES } from "./plan";

export const PLAN = "get_unlock_plan";
export const PAGE = 50;
// The API gives no more of them; they come most expensive first.
export const MOST = 1_000;

export interface Wanted {
  state: string | null;
  actor: string | null;
  shown: number;
  /** Whether the address asks for what there is not. */
  isOdd: boolean;
}

export function wanted(params: URLSearchParams): Wanted {
  const [state, actor, first] = [params.get("state"), params.get("actor"), params.get("first")];
  const isState = STATES.some((each) => each === state);
  const isActor = ACTORS.some((each) => each === actor);
  const isCount = /^[1-9]\d{0,3}$/.test(first ?? "");
  return {
    state: isState ? state : null,
    actor: isActor ? actor : null,
    shown: isCount ? Math.min(Number(first), MOST) : PAGE,
    isOdd: (state !== null && !isState) || (actor !== null && !isActor) || (first !== null && !isCount),
  };
}

/** A filter looks through all groups, the list as such shows the first ones. */
export function planQuestion({ state, actor, shown }: Wanted): Record<string, unknown> {
  const isAll = state !== null || actor !== null || shown > PAGE;
  return { first: isAll ? MOST : PAGE };
}
