// What a new installation shows until the estate has been read for the first time.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { useQuery } from "../query";
import { type Key, t } from "../texts";
import { Icon } from "./icons";

interface Run {
  phase: string;
  seen: number;
  error: string | null;
}

const PHASES = ["QUEUED", "STARTING", "TABLES", "RELATIONS", "TAGS", "PROFILES", "USAGE", "LINEAGE", "RULES", "STAGING", "PUBLISHING"] as const;
const ASKED_EVERY = 3_000;

/** Of a first run how far it is; of anything else that is away, `children`. Asks `reload` as soon as there is an answer. */
export function FirstRun({ reload, children }: { reload: () => void; children: ComponentChildren }) {
  const query = useQuery<{ refreshRuns: { edges: { node: Run }[] } }>("list_refresh_runs", { first: 20 });
  useEffect(() => {
    const timer = setInterval(query.reload, ASKED_EVERY);
    return () => clearInterval(timer);
  }, []);
  const runs = query.data?.refreshRuns.edges.map(({ node }) => node);
  const isRead = runs?.some((run) => run.phase === "DONE") ?? false;
  useEffect(() => {
    if (isRead) reload();
  }, [isRead]);
  if (runs === undefined && query.problem === null) return null;
  // One that was published some time ago is no first run: something else is away.
  if (runs === undefined || isRead) return <>{children}</>;
  return <Progress run={runs[0] ?? null} />;
}

function Progress({ run }: { run: Run | null }) {
  const step = PHASES.findIndex((phase) => phase === run?.phase);
  const phase = PHASES[step];
  return (
    <div class="notice info" role="status">
      <Icon name="info" />
      <div>
        <p>
          <strong>{t("firstRun")}</strong>
        </p>
        <p>{t("firstRunNote")}</p>
        {phase && (
          <p>
            <progress value={step + 1} max={PHASES.length + 1} aria-label={t("firstRun")} />{" "}
            <span class="muted">
              {t(`phase.${phase}` satisfies Key)}
              {run && run.seen > 0 ? ` · ${t("rowsRead", { count: run.seen })}` : ""}
            </span>
          </p>
        )}
        {!phase && <p class="muted">{run === null ? t("noRunYet") : t("runFailed")}</p>}
        {run?.error && (
          <p class="muted" lang="en">
            <bdi>{run.error}</bdi>
          </p>
        )}
      </div>
    </div>
  );
}
