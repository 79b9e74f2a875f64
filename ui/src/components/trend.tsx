// A line over time, and the same as a table for those who cannot see it.
import type uPlot from "uplot";
import { day } from "../format";
import { t } from "../texts";
import { dates } from "../texts/formatters";
import { Fold } from "./basics";
import { axisOf, type Colour, type Drawn, useChart } from "./chart";

export interface Point {
  at: string;
  value: number | null;
}

/** Something that happened beside the line. */
export interface Mark {
  at: string;
  kind: "changed" | "completed";
  text: string;
}

const HEIGHT = 180;
const NONE: Mark[] = [];
const COLOURS = { changed: "--warning", completed: "--success" } as const;

export function Trend({ points, label, marks = NONE }: { points: Point[]; label: string; marks?: Mark[] }) {
  const draw = (plot: typeof uPlot, colour: Colour): Drawn => {
    const axis = axisOf(colour);
    const days = dates({ month: "short", day: "numeric", timeZone: "UTC" });
    return [
      {
        height: HEIGHT,
        tzDate: (seconds) => plot.tzDate(new Date(seconds * 1000), "UTC"),
        cursor: { y: false },
        legend: { show: false },
        scales: { y: { range: [0, 100] } },
        axes: [{ ...axis, values: (_, ticks) => ticks.map((each) => days.format(new Date(each * 1000))) }, { ...axis, size: 40 }],
        hooks: { draw: [(drawn) => drawMarks(drawn, marks, colour)] },
        series: [{}, { stroke: colour("--brand"), width: 2, spanGaps: true, points: { show: points.length < 40 } }],
      },
      [points.map((each) => new Date(each.at).getTime() / 1000), points.map((each) => each.value)],
    ];
  };
  const place = useChart(points.length > 1 ? draw : null, [points, marks]);
  if (points.length === 0) return <p class="muted">{t("noHistory")}</p>;
  return (
    <>
      {points.length > 1 && <div ref={place} class="chart" aria-hidden="true" />}
      {points.length > 1 && <Legend marks={marks} />}
      <Fold class="small" open={points.length === 1} summary={t("asTable")}>
        {() => <AsTable points={points} label={label} marks={marks} />}
      </Fold>
    </>
  );
}

function AsTable({ points, label, marks }: { points: Point[]; label: string; marks: Mark[] }) {
  return (
    <div class="scrolls short" tabIndex={0} role="region" aria-label={label}>
      <table>
        <tbody>
          {rows(points, marks).map(({ at, value, texts }) => (
            <tr key={at}>
              <th scope="row">{day(at)}</th>
              <td class="number">{value}</td>
              {marks.length > 0 && (
                <td>
                  {texts.map((text) => (
                    <div key={text}>
                      <bdi>{text}</bdi>
                    </div>
                  ))}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What the marks stand for; of which kind each is the shape tells, too. */
function Legend({ marks }: { marks: Mark[] }) {
  const kinds = (["changed", "completed"] as const).filter((kind) => marks.some((mark) => mark.kind === kind));
  if (kinds.length === 0) return null;
  return (
    <p class="muted small" aria-hidden="true">
      {kinds.map((kind) => (
        <span key={kind} class={`trend-mark ${kind}`}>
          {t(kind === "changed" ? "mark.changed" : "mark.done")}
        </span>
      ))}
    </p>
  );
}

/** The days of points and marks, newest first. A day has no score of its own if there is only a mark. */
function rows(points: Point[], marks: Mark[]): { at: string; value: string | number; texts: string[] }[] {
  const days = new Map<string, { value: string | number; texts: string[] }>();
  for (const each of points) days.set(each.at.slice(0, 10), { value: each.value ?? t("unknown"), texts: [] });
  for (const { at, text } of marks) {
    const key = at.slice(0, 10);
    const known = days.get(key) ?? { value: "", texts: [] };
    known.texts.push(text);
    days.set(key, known);
  }
  return [...days].sort(([one], [other]) => other.localeCompare(one)).map(([at, each]) => ({ at, ...each }));
}

/** A line for each mark, with a triangle for what changed and a circle for what was completed. */
export function drawMarks(chart: uPlot, marks: Mark[], colour: Colour): void {
  const { ctx, bbox } = chart;
  const size = 4 * devicePixelRatio;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  for (const { at, kind } of marks) {
    const x = chart.valToPos(Date.parse(at) / 1000, "x", true);
    if (!(x >= bbox.left && x <= bbox.left + bbox.width)) continue;
    ctx.strokeStyle = ctx.fillStyle = colour(COLOURS[kind]);
    ctx.beginPath();
    ctx.setLineDash([size, size]);
    ctx.moveTo(x, bbox.top + 2 * size);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.beginPath();
    if (kind === "completed") ctx.arc(x, bbox.top + size, size, 0, 2 * Math.PI);
    else {
      ctx.moveTo(x - size, bbox.top);
      ctx.lineTo(x + size, bbox.top);
      ctx.lineTo(x, bbox.top + 2 * size);
    }
    ctx.fill();
  }
  ctx.restore();
}
