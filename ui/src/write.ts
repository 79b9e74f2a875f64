// Changes: each is sent under a key of its own, so that one whose answer was lost on the way can be sent again and is done once.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, Problem, type ProblemKind } from "./api";
import { forgetAnswers, type Query } from "./query";

// After these nobody can tell whether it was done. The server undoes what fails; the answer may still have been lost.
const UNTOLD: ReadonlySet<ProblemKind> = new Set<ProblemKind>(["offline", "unavailable", "timeout", "unreadable", "other"]);

/** Whether a change that failed so may have been made all the same. */
export function isUntold(error: unknown): boolean {
  return !(error instanceof Problem) || UNTOLD.has(error.kind);
}

const writes = signal(0);

/** What was asked before a change is no longer so. */
export function noteChange(): void {
  forgetAnswers();
  writes.value += 1;
}

/** Asks a query again after each change that is made anywhere on the page. */
export function useFresh<Data>(query: Query<Data>): Query<Data> {
  const count = writes.value;
  const seen = useRef(count);
  useEffect(() => {
    if (seen.current !== count) query.reload();
    seen.current = count;
  }, [count]);
  return query;
}

export interface Write {
  isBusy: boolean;
  problem: Problem | null;
  /** Sends a change; its data, or null if it was not made, `problem` then says why. */
  send: <Data>(operation: string, variables: Record<string, unknown>) => Promise<Data | null>;
  forget: () => void;
}

/** Where one can look only over HTTPS, `crypto.randomUUID` is missing. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (each) => each.toString(16).padStart(2, "0")).join("");
}

/** Makes one change at a time. What goes wrong is kept to be shown; the same change sent again has the same key. */
export function useWrite(): Write {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const pending = useRef<{ text: string; key: string } | null>(null);
  const isSending = useRef(false);
  const isHere = useRef(true);
  useEffect(() => {
    isHere.current = true;
    return () => void (isHere.current = false);
  }, []);
  const send = async <Data>(operation: string, variables: Record<string, unknown>): Promise<Data | null> => {
    if (isSending.current) return null;
    isSending.current = true;
    setBusy(true);
    setProblem(null);
    const text = `${operation} ${JSON.stringify(variables)}`;
    if (pending.current?.text !== text) pending.current = { text, key: newKey() };
    try {
      const data = await ask<Data>(operation, variables, null, pending.current.key);
      pending.current = null;
      noteChange();
      return data;
    } catch (error) {
      const found = error instanceof Problem ? error : new Problem("other", String(error));
      if (!isUntold(found) && found.kind !== "signedOut") pending.current = null;
      if (isHere.current) setProblem(found);
      return null;
    } finally {
      isSending.current = false;
      if (isHere.current) setBusy(false);
    }
  };
  return { isBusy, problem, send, forget: () => setProblem(null) };
}
