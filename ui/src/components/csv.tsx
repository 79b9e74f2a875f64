// A list as a file. What is fetched can take a while: how far it is stands in the place of the button.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api";
import { bytes } from "../format";
import { t } from "../texts";
import { ProblemNotice } from "./basics";
import { download } from "./download";

interface Props {
  /** What the export is asked for. */
  query: URLSearchParams;
  /** What the file will hold. */
  how: string;
  /** What is said before a large file is begun; null if nothing is. */
  warning?: ComponentChildren;
}

export function Csv({ query, how, warning = null }: Props) {
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
      await download("tables.csv", query, mine.signal, (reached) => {
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
        {t("downloading", { size: bytes(size) ?? "" })}{" "}
        <button type="button" onClick={() => controller.current?.abort()}>
          {t("cancel")}
        </button>
      </span>
    );
  }
  return (
    <span class="export">
      {isAsking ? (
        <span role="alert">
          {warning}{" "}
          <button type="button" onClick={start}>
            {t("download")}
          </button>{" "}
          <button type="button" onClick={() => setAsking(false)}>
            {t("cancel")}
          </button>
        </span>
      ) : (
        <button type="button" title={how} onClick={warning === null ? start : () => setAsking(true)}>
          {t("csv")}
        </button>
      )}
      {problem && <ProblemNotice problem={problem} retry={start} />}
    </span>
  );
}
