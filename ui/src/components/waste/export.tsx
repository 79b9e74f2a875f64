// The list as a file: the same filters, search and sort, all pages.
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../../api";
import { bytes } from "../../format";
import { t } from "../../texts";
import { ProblemNotice } from "../basics";
import type { State } from "./address";
import { download } from "./download";

export function exportQuery({ filters, search, sort, dir }: State): URLSearchParams {
  const query = new URLSearchParams({ sortBy: sort, sortDir: dir });
  if (search) query.set("search", search);
  for (const [name, value] of Object.entries(filters)) {
    for (const each of Array.isArray(value) ? value : [value]) query.append(name, String(each));
  }
  return query;
}

// A line has about so many bytes.
const LINE = 450;
const MANY = 5_000;

export function Export({ state, total, isCapped }: { state: State; total: number; isCapped: boolean }) {
  const [size, setSize] = useState<number | null>(null);
  const [isAsking, setAsking] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const controller = useRef<AbortController | null>(null);
  useEffect(() => () => controller.current?.abort(), []);
  const start = async () => {
    const mine = new AbortController();
    controller.current = mine;
    setAsking(false);
    setProblem(null);
    setSize(0);
    let told = 0;
    try {
      await download("tables.csv", exportQuery(state), mine.signal, (reached) => {
        // Parts come by the thousand; a few times a megabyte is enough to see it move.
        if (reached - told < 200_000) return;
        told = reached;
        setSize(reached);
      });
    } catch (error) {
      if (!mine.signal.aborted) setProblem(error instanceof Problem ? error : new Problem("other", String(error)));
    }
    setSize(null);
  };
  if (size !== null) {
    return (
      <span class="export" role="status">
        {t("waste.downloading", { size: bytes(size) ?? "" })}{" "}
        <button type="button" onClick={() => controller.current?.abort()}>
          {t("waste.stop")}
        </button>
      </span>
    );
  }
  return (
    <span class="export">
      {isAsking ? (
        <span role="alert">
          {isCapped ? t("waste.largeUnknown") : t("waste.large", { size: bytes(total * LINE) ?? "" })}{" "}
          <button type="button" onClick={start}>
            {t("waste.downloadAnyhow")}
          </button>{" "}
          <button type="button" onClick={() => setAsking(false)}>
            {t("waste.stop")}
          </button>
        </span>
      ) : (
        <button type="button" title={t("waste.csvHow")} onClick={isCapped || total > MANY ? () => setAsking(true) : start}>
          {t("waste.csv")}
        </button>
      )}
      {problem && <ProblemNotice problem={problem} retry={start} />}
    </span>
  );
}
