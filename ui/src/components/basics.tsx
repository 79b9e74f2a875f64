// What all views are made of.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../api";
import { moment, money } from "../format";
import type { Query } from "../query";
import { go } from "../router";
import { type Key, t } from "../texts";
import { FirstRun } from "./first_run";
import { Icon } from "./icons";

export function Link(props: { to: string; children: ComponentChildren; class?: string; current?: boolean; title?: string }) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(props.to);
  };
  return (
    <a href={props.to} onClick={follow} class={props.class} title={props.title} aria-current={props.current ? "page" : undefined}>
      {props.children}
    </a>
  );
}

/** A name that somebody else chose: shown as text, with its own direction, and whole when it is pointed at. */
export function Name({ text }: { text: string }) {
  return (
    <bdi class="name" title={text}>
      {text}
    </bdi>
  );
}

export function Money({ amount, unknown = "unknown" }: { amount: string | number | null | undefined; unknown?: Key }) {
  const text = money(amount);
  return text === null ? <span class="muted">{t(unknown)}</span> : <span title={`${amount} USD`}>{text}</span>;
}

export function Moment({ at }: { at: string | null }) {
  if (!at) return null;
  const { local, utc } = moment(at);
  return (
    <time dateTime={at} title={utc}>
      {local}
    </time>
  );
}

export function Card(props: { title: string; children: ComponentChildren; class?: string; aside?: ComponentChildren }) {
  return (
    <section class={`card ${props.class ?? ""}`}>
      <div class="card-head">
        <h2>{props.title}</h2>
        {props.aside}
      </div>
      {props.children}
    </section>
  );
}

/** What few look at, folded away: it is made when it is opened, as hundreds of cells take their time. */
export function Fold(props: { summary: ComponentChildren; class?: string; open?: boolean; children: () => ComponentChildren }) {
  const [isMade, setMade] = useState(props.open === true);
  return (
    <details class={props.class} open={props.open} onToggle={(event) => event.currentTarget.open && setMade(true)}>
      <summary>{props.summary}</summary>
      {isMade && props.children()}
    </details>
  );
}

/** The address whose heading has been stood on. */
let headed = "";

/** The page's heading, which a screen reader hears and the keyboard stands on after a change of view. */
export function Heading({ children, title }: { children: ComponentChildren; title: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ThirdEye`;
    const here = location.pathname + location.search;
    // The heading may be drawn anew when answers come: whoever has gone on by then stays where they are.
    if (here !== headed || document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
    headed = here;
  }, [title]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}

export function Notice(props: { kind: "info" | "warning" | "error"; children: ComponentChildren }) {
  return (
    <div class={`notice ${props.kind}`} role={props.kind === "error" ? "alert" : "status"}>
      <Icon name={props.kind === "info" ? "info" : "warning"} />
      <div>{props.children}</div>
    </div>
  );
}

/** Why there is no answer, and the way on; `again`: after how many seconds it is asked again by itself. */
export function ProblemNotice({ problem, retry, again = null }: { problem: Problem; retry: () => void; again?: number | null }) {
  if (problem.kind === "signedOut") return null;
  const isPassing = again !== null;
  const said = problem.detail && problem.kind !== "offline" ? problem.detail : "";
  return (
    <Notice kind={isPassing ? "warning" : "error"}>
      <p>{t(`problem.${problem.kind}`)}</p>
      {said && (
        <p class="muted" lang="en">
          <bdi>{said}</bdi>
        </p>
      )}
      {isPassing && <p class="muted">{t("askedAgain", { count: again })}</p>}
      {problem.kind !== "forbidden" && problem.kind !== "notFound" && (
        <button type="button" onClick={retry}>
          {t(isPassing ? "askNow" : "tryAgain")}
        </button>
      )}
    </Notice>
  );
}

/**
 * What a query gave, or where it is: nothing for a moment, then where the answer will stand, or what is wrong. An answer from
 * before stays when a newer one cannot be had for now; the frame says so.
 */
export function Answer<Data>(props: { query: Query<Data>; lines?: number; children: (data: Data) => ComponentChildren }) {
  const { data, problem, slow, again, reload } = props.query;
  const notice = problem && <ProblemNotice problem={problem} retry={reload} again={again} />;
  const isFirstRun = data === null && problem?.kind === "unavailable";
  return (
    <>
      {isFirstRun ? <FirstRun reload={reload}>{notice}</FirstRun> : (data === null || again === null) && notice}
      {data !== null && props.children(data)}
      {data === null && (problem === null || problem.kind === "signedOut") && (
        <div class={slow ? "skeleton" : "skeleton waiting"} aria-busy="true" role="status" aria-label={t("loading")}>
          {Array.from({ length: props.lines ?? 6 }, (_, line) => (
            <div key={line} />
          ))}
        </div>
      )}
    </>
  );
}

/** How old an answer is, and what it lacks. */
export function Freshness(props: { refreshedAt: string; stale: boolean; warnings: string[] }) {
  return (
    <>
      {props.stale && (
        <Notice kind="warning">
          <p>{t("stale")}</p>
        </Notice>
      )}
      {props.warnings.length > 0 && (
        <Notice kind="warning">
          <details>
            <summary>{t("warnings", { count: props.warnings.length })}</summary>
            <ul lang="en">
              {props.warnings.map((each) => (
                <li key={each}>
                  <bdi>{each}</bdi>
                </li>
              ))}
            </ul>
          </details>
        </Notice>
      )}
      <p class="muted small">
        {t("asOf")} <Moment at={props.refreshedAt} />
      </p>
    </>
  );
}
