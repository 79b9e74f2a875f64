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

/** Whether somebody who is named is the caller, or a team of theirs; ThirdEye itself decides when it is used. */
export function isMe(me: Me | null, name: string, kind: "USER" | "TEAM" | null): boolean {
  if (me === null) return false;
  const named = name.toLowerCase();
  return (kind !== "TEAM" && named === me.name) || (kind !== "USER" && me.teams.includes(named));
}

/** Whether the caller owns a table, alone or in a team. */
export function isOwner(me: Me | null, owners: readonly { type: "user" | "team"; name: string }[]): boolean {
  return owners.some(({ type, name }) => isMe(me, name, type === "team" ? "TEAM" : "USER"));
}
