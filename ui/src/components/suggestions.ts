// The tables that what is typed suggests, asked while one types.
import { useEffect, useState } from "preact/hooks";
import { ask } from "../api";

const PAUSE = 200;
// A single letter finds half of an estate.
const SHORTEST = 2;
// As long as the API searches for.
const LONGEST = 255;
const SUGGESTED = 8;

interface Found {
  tables: { edges: { node: { fqn: string } }[] };
}

/** The names of tables: null before there is an answer, and where none can be had; and how to forget them. */
export function useSuggestions(typed: string): [string[] | null, () => void] {
  const [suggested, setSuggested] = useState<string[] | null>(null);
  useEffect(() => {
    const search = typed.trim();
    if (search.length < SHORTEST || search.length > LONGEST) {
      setSuggested(null);
      return;
    }
    const controller = new AbortController();
    const timer = setTimeout(() => {
      ask<Found>("suggest_tables", { search, first: SUGGESTED }, controller.signal).then(
        ({ tables }) => !controller.signal.aborted && setSuggested(tables.edges.map(({ node }) => node.fqn)),
        () => !controller.signal.aborted && setSuggested(null),
      );
    }, PAUSE);
    // An answer to what is no longer typed is dropped.
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [typed]);
  return [suggested, () => setSuggested(null)];
}
