// An operation's answer as a view sees it: at once from what is known, then from the server.
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, Problem } from "./api";
import { token } from "./session";

const SLOW_AFTER = 200;
// So many answers are kept for going back.
const KEPT = 50;
const known = new Map<string, unknown>();

export interface Query<Data> {
  data: Data | null;
  problem: Problem | null;
  /** Whether there is nothing to show yet, and it has been so for long enough to say so. */
  slow: boolean;
  loading: boolean;
  reload: () => void;
}

/** Forgets all answers: of another caller, or from before a change. */
export function forgetAnswers(): void {
  known.clear();
}

/** Asks what will likely be asked next, so that its answer is there at once. What goes wrong is said when it is asked. */
export function askAhead(operation: string, variables: Record<string, unknown>, signal: AbortSignal): void {
  const key = `${operation} ${JSON.stringify(variables)}`;
  if (known.has(key)) return;
  ask(operation, variables, signal).then((found) => keep(key, found)).catch(() => undefined);
}

function keep(key: string, answer: unknown): void {
  known.delete(key);
  known.set(key, answer);
  if (known.size > KEPT) known.delete(known.keys().next().value as string);
}

/** The answer to an operation; of null nothing is asked. */
export function useQuery<Data>(operation: string | null, variables: Record<string, unknown> = {}): Query<Data> {
  const key = `${operation} ${JSON.stringify(variables)}`;
  const [state, setState] = useState<{ key: string; data: Data | null; problem: Problem | null; loading: boolean }>({
    key,
    data: (known.get(key) as Data | undefined) ?? null,
    problem: null,
    loading: true,
  });
  const [slow, setSlow] = useState(false);
  const [turn, setTurn] = useState(0);
  const aborted = useRef<AbortController | null>(null);
  const caller = token.value;
  useEffect(() => {
    if (operation === null || caller === null) return;
    const controller = new AbortController();
    aborted.current?.abort();
    aborted.current = controller;
    const data = (known.get(key) as Data | undefined) ?? null;
    setState({ key, data, problem: null, loading: true });
    const timer = setTimeout(() => setSlow(true), SLOW_AFTER);
    ask<Data>(operation, variables, controller.signal)
      .then((found) => {
        keep(key, found);
        setState({ key, data: found, problem: null, loading: false });
      })
      .catch((error: unknown) => {
        if (controller.signal.aborted) return;
        const problem = error instanceof Problem ? error : new Problem("other", String(error));
        setState({ key, data, problem, loading: false });
      })
      .finally(() => {
        clearTimeout(timer);
        setSlow(false);
      });
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [key, turn, caller]);
  const isCurrent = state.key === key;
  const data = isCurrent ? state.data : ((known.get(key) as Data | undefined) ?? null);
  return {
    data,
    problem: isCurrent ? state.problem : null,
    loading: !isCurrent || state.loading,
    slow: slow && data === null,
    reload: () => setTurn((each) => each + 1),
  };
}
