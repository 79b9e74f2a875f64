// Who the caller is to ThirdEye, and what it lets them do: what is not allowed is not offered. Asked once, for all views.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type Query, useQuery } from "./query";

export interface Me {
  name: string;
  teams: string[];
  isBot: boolean;
  mayWrite: boolean;
  mayAdminister: boolean;
}

const answer = signal<Query<{ me: Me }>>({ data: null, problem: null, slow: false, loading: true, again: null, reload: () => undefined });

/** Asks, for whoever signs in; called by the frame around all views. */
export function useAskMe(): void {
  const query = useQuery<{ me: Me }>("get_me");
  const { data, problem, slow, loading, again } = query;
  useEffect(() => {
    answer.value = query;
  }, [data, problem, slow, loading, again]);
}

/** The answer, and where it is. */
export function useMe(): Query<{ me: Me }> {
  return answer.value;
}
