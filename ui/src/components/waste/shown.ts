import { useRef } from "preact/hooks";
import type { Query } from "../../query";

/** A query's answer, and until it is there the one to the question before it, so that nothing jumps. */
export function useShown<Data>(query: Query<Data>): { shown: Query<Data>; isOld: boolean } {
  const last = useRef<Data | null>(null);
  if (query.data !== null) last.current = query.data;
  const isOld = query.data === null && query.problem === null && last.current !== null;
  return { shown: isOld ? { ...query, data: last.current } : query, isOld };
}
