// An operation's answer as a view sees it: at once from what is known, then from the server.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, Problem, type ProblemKind } from "./api";
import { online } from "./online";
import { claims, token } from "./session";

const SLOW_AFTER = 200;
// So many answers are kept for going back.
const KEPT = 50;
const known = new Map<string, unknown>();
let knownBy: string | null = null;

// What passes by itself is asked for again by itself, after so many seconds, twice that, and so on.
const PASSING: ReadonlySet<ProblemKind> = new Set<ProblemKind>(["offline", "unavailable", "busy", "timeout"]);
const FIRST_RETRY = 3;
const LONGEST_RETRY = 15;
// What takes too long every time is not asked for for ever.
const MOST_TIMEOUTS = 3;

/** What keeps answers on the screen from being renewed; null if nothing does. */
export const trouble = signal<Problem | null>(null);

/** A question that an answer to another one holds the answer to. */
export interface Part {
  operation: string;
  variables: Record<string, unknown>;
  of: (data: Record<string, unknown>) => unknown;
}

interface Begun {
  caller: string | null;
  /** Until when it may be taken, by the clock of `performance`. */
  until: number;
  answer: Promise<unknown>;
}

// What was asked before the view that asks it is there: taken once, and soon, or not at all. What failed is tried again by
// whoever comes later.
const begun = new Map<string, Begun>();
const SOON = 10_000;
const AT_ONCE = 1_000;

/** Begins a question whose answer holds those to others: who asks one of these soon is given its part. */
export function askTogether(operation: string, variables: Record<string, unknown>, parts: readonly Part[]): void {
  const whole = ask<Record<string, unknown>>(operation, variables);
  for (const part of parts) {
    const answer = whole.then(part.of);
    const mine: Begun = { caller: token.value, until: performance.now() + SOON, answer };
    begun.set(keyOf(part.operation, part.variables), mine);
    answer.catch(() => {
      mine.until = performance.now() + AT_ONCE;
    });
  }
}

/** The answer that was begun for this caller, else that of `asked`. */
function taken<Data>(key: string, caller: string, asked: () => Promise<Data>): Promise<Data> {
  const found = begun.get(key);
  begun.delete(key);
  if (!found || found.caller !== caller || performance.now() > found.until) return asked();
  return (found.answer as Promise<Data>).catch((error: unknown) => {
    // What is wrong with one part need not be wrong with another. What passes is asked again by itself.
    if (error instanceof Problem && (PASSING.has(error.kind) || error.kind === "signedOut")) throw error;
    return asked();
  });
}

function keyOf(operation: string | null, variables: Record<string, unknown>): string {
  return `${operation} ${JSON.stringify(variables)}`;
}

export interface Query<Data> {
  data: Data | null;
  problem: Problem | null;
  /** Whether there is nothing to show yet, and it has been so for long enough to say so. */
  slow: boolean;
  loading: boolean;
  /** After how many seconds a problem is asked about again by itself; null if it is not. */
  again: number | null;
  reload: () => void;
}

/** Forgets all answers: of another caller, or from before a change. */
export function forgetAnswers(): void {
  known.clear();
}

/** Asks what will likely be asked next, so that its answer is there at once. What goes wrong is said when it is asked. */
export function askAhead(operation: string, variables: Record<string, unknown>, signal: AbortSignal): void {
  const key = keyOf(operation, variables);
  if (known.has(key)) return;
  const caller = token.value;
  const remember = (found: unknown) => {
    if (token.value === caller) keep(key, found);
  };
  ask(operation, variables, signal).then(remember, () => undefined);
}

function forgetThoseOfOthers(name: string | null): void {
  if (knownBy !== null && knownBy !== name) forgetAnswers();
  knownBy = name;
}

function keep(key: string, answer: unknown): void {
  known.delete(key);
  known.set(key, answer);
  if (known.size > KEPT) known.delete(known.keys().next().value as string);
}

interface State<Data> {
  key: string;
  data: Data | null;
  problem: Problem | null;
  again: number | null;
  loading: boolean;
}

/** The answer to an operation; of null nothing is asked. It is asked again for whoever signs in, and when what was away is back. */
export function useQuery<Data>(operation: string | null, variables: Record<string, unknown> = {}): Query<Data> {
  const key = keyOf(operation, variables);
  const remembered = () => (known.get(key) as Data | undefined) ?? null;
  const [state, setState] = useState<State<Data>>({ key, data: remembered(), problem: null, again: null, loading: true });
  const [slow, setSlow] = useState(false);
  const [turn, setTurn] = useState(0);
  const failures = useRef({ key, count: 0 });
  const caller = token.value;
  const isOnline = online.value;
  const reload = () => setTurn((each) => each + 1);
  useEffect(() => {
    if (operation === null || caller === null) return;
    forgetThoseOfOthers(claims.value?.name ?? null);
    const controller = new AbortController();
    let retry: ReturnType<typeof setTimeout> | undefined;
    // A problem stays until there is an answer: what is said of it would come and go with each new try.
    setState((before) => ({ ...before, key, data: remembered(), problem: before.key === key ? before.problem : null, loading: true }));
    setSlow(false);
    const timer = setTimeout(() => setSlow(true), SLOW_AFTER);
    taken(key, caller, () => ask<Data>(operation, variables, controller.signal))
      .then((data) => {
        if (controller.signal.aborted) return;
        keep(key, data);
        failures.current = { key, count: 0 };
        trouble.value = null;
        setState({ key, data, problem: null, again: null, loading: false });
      })
      .catch((error: unknown) => {
        if (controller.signal.aborted) return;
        const problem = error instanceof Problem ? error : new Problem("other", String(error));
        const count = failures.current.key === key ? failures.current.count : 0;
        failures.current = { key, count: count + 1 };
        const again = secondsUntilRetry(problem, count);
        if (again !== null) retry = setTimeout(reload, again * 1000);
        const data = remembered();
        if (data !== null && problem.kind !== "signedOut") trouble.value = problem;
        setState({ key, data, problem, again, loading: false });
      })
      .finally(() => {
        clearTimeout(timer);
        if (!controller.signal.aborted) setSlow(false);
      });
    return () => {
      clearTimeout(timer);
      clearTimeout(retry);
      controller.abort();
    };
  }, [key, turn, caller]);
  useEffect(() => {
    if (isOnline && state.problem?.kind === "offline") reload();
  }, [isOnline]);
  const isCurrent = state.key === key;
  const data = isCurrent ? state.data : remembered();
  return {
    data,
    problem: isCurrent ? state.problem : null,
    again: isCurrent ? state.again : null,
    loading: !isCurrent || state.loading,
    slow: slow && data === null,
    reload,
  };
}

/** How long to wait before asking again; null for what does not pass by itself. */
function secondsUntilRetry(problem: Problem, failures: number): number | null {
  if (!PASSING.has(problem.kind) || (problem.kind === "timeout" && failures >= MOST_TIMEOUTS)) return null;
  return Math.max(problem.retryAfter ?? 0, Math.min(FIRST_RETRY * 2 ** failures, LONGEST_RETRY));
}
