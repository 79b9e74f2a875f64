// Who the caller is to ThirdEye, and what it lets them do: what is not allowed is not offered.
import { type Query, useQuery } from "./query";

export interface Me {
  name: string;
  teams: string[];
  isBot: boolean;
  mayWrite: boolean;
  mayAdminister: boolean;
}

export function useMe(): Query<{ me: Me }> {
  return useQuery<{ me: Me }>("get_me");
}
