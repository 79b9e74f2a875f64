// A task of several requests: one at a time, ended with what shows it; what goes wrong is kept to be shown.
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./api";

export interface Task {
  isBusy: boolean;
  problem: Problem | null;
  /** Aborted once nobody waits for it. */
  signal: AbortSignal;
  run: (task: () => Promise<void>) => Promise<void>;
  forget: () => void;
}

export function useTask(): Task {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const controller = useRef(new AbortController());
  useEffect(() => () => controller.current.abort(), []);
  const { signal } = controller.current;
  const run = async (task: () => Promise<void>) => {
    setBusy(true);
    setProblem(null);
    try {
      await task();
    } catch (error) {
      if (!signal.aborted) setProblem(error instanceof Problem ? error : new Problem("other", String(error)));
    } finally {
      if (!signal.aborted) setBusy(false);
    }
  };
  return { isBusy, problem, signal, run, forget: () => setProblem(null) };
}
