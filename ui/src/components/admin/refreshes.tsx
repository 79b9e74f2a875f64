// Refreshes: the one that is under way as it goes on, and of past ones what they warned of.
import { useEffect } from "preact/hooks";
import { t, textOf } from "../../texts";
import { useWrite } from "../../write";
import { Card, Moment, Name } from "../basics";
import { Refusal } from "../refusal";
import { isUnderWay, type Run } from "./admin";

const ASKED_EVERY = 2_000;
const PHASES = ["QUEUED", "STARTING", "TABLES", "RELATIONS", "TAGS", "PROFILES", "USAGE", "LINEAGE", "RULES", "STAGING", "PUBLISHING", "DONE"];

export function Refreshes({ runs, reload }: { runs: Run[]; reload: () => void }) {
  const [newest] = runs;
  const isRunning = isUnderWay(newest);
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(reload, ASKED_EVERY);
    return () => clearInterval(timer);
  }, [isRunning]);
  const write = useWrite();
  const start = async (full: boolean) => {
    if ((await write.send("refresh_estate", { full })) !== null) reload();
  };
  return (
    <Card
      title={t("admin.refreshes")}
      aside={
        <div class="actions">
          <button type="button" disabled={write.isBusy || isRunning} onClick={() => start(false)}>
            {t("admin.refresh")}
          </button>
          <button type="button" disabled={write.isBusy || isRunning} title={t("admin.refreshFullNote")} onClick={() => start(true)}>
            {t("admin.refreshFull")}
          </button>
        </div>
      }
    >
      <Refusal problem={write.problem} />
      <div role="status">{newest && isRunning && <Progress run={newest} />}</div>
      {runs.length === 0 && <p>{t("noRunYet")}</p>}
      <ul class="runs">
        {runs.map((run) => (
          <RunShown key={run.id} run={run} isOpen={run === runs.find((each) => !isUnderWay(each))} />
        ))}
      </ul>
    </Card>
  );
}

function Progress({ run }: { run: Run }) {
  return (
    <p>
      <progress value={PHASES.indexOf(run.phase) + 1} max={PHASES.length} aria-label={t("admin.underWay")} /> {textOf(`phase.${run.phase}`) ?? run.phase}
      {run.seen > 0 && ` · ${t("rowsRead", { count: run.seen })}`}
    </p>
  );
}

/** Of the newest one that ended all is shown at once: why it warned is what one comes for. */
function RunShown({ run, isOpen }: { run: Run; isOpen: boolean }) {
  const count = run.warnings.reduce((sum, each) => sum + each.count, 0);
  return (
    <li>
      <details open={isOpen}>
        <summary>
          <Moment at={run.startedAt} /> · {run.kind === "FULL" ? t("admin.full") : run.kind === "INCREMENTAL" ? t("admin.incremental") : run.kind} ·{" "}
          {run.phase === "FAILED" ? t("admin.failed") : run.phase === "DONE" ? t("admin.done") : (textOf(`phase.${run.phase}`) ?? run.phase)}
          {count > 0 && ` · ${t("admin.warnings", { count })}`}
        </summary>
        <p class="muted small">
          {t("admin.read", { seen: run.seen, changed: run.changed })} · {run.requestedBy === null ? t("admin.byItself") : <Name text={run.requestedBy} />}
        </p>
        {run.error && (
          <p class="wrong">
            <bdi>{run.error}</bdi>
          </p>
        )}
        {run.phase === "DONE" && run.warnings.length === 0 && <p>{t("admin.noWarnings")}</p>}
        <dl class="warnings">
          {run.warnings.map((each) => (
            <div key={each.code}>
              <dt>
                <code>{each.code}</code> · {t("admin.times", { count: each.count })}
              </dt>
              {(each.examples.length > 0 ? each.examples : [each.example]).map((example) => (
                <dd key={example}>
                  <bdi>{example}</bdi>
                </dd>
              ))}
            </div>
          ))}
        </dl>
      </details>
    </li>
  );
}
