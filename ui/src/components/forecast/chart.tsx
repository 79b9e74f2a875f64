// Costs by month, so far and to come, with intervals, budgets and what happened. The same stands in the table below it.
import type uPlot from "uplot";
import { money } from "../../format";
import { t } from "../../texts";
import { axisOf, type Colour, useChart } from "../chart";
import { drawMarks, type Mark } from "../trend";
import { endOf, monthName, type Row, type ScenarioKind } from "./forecast";

const HEIGHT = 300;
// So wide is the name of a month with some air around it.
const LABEL = 64;
// And the amounts at the side.
const AXIS = 80;
// Told apart by their dashes, too: by colour alone not everybody can.
const LINES: Record<ScenarioKind, { colour: string; dash: number[] }> = {
  AS_IS: { colour: "--brand", dash: [] },
  RECOMMENDED_DONE: { colour: "--success", dash: [2, 4] },
  OPEN_ITEMS_DONE: { colour: "--warning", dash: [12, 4, 2, 4] },
};

interface Props {
  rows: Row[];
  kinds: ScenarioKind[];
  marks: Mark[];
}

export function Chart({ rows, kinds, marks }: Props) {
  const place = useChart((_, colour) => [options(rows, kinds, marks, colour), dataOf(rows, kinds)], [rows, kinds, marks]);
  return (
    <>
      <div ref={place} class="chart" aria-hidden="true" />
      <Legend rows={rows} kinds={kinds} marks={marks} />
    </>
  );
}

/** What a month costs is drawn in its middle, so that what happened on a day stands where it belongs. */
function middleOf(month: string): number {
  return (Date.parse(`${month}T00:00Z`) + endOf(month)) / 2000;
}

/** A line begins at the last month of the past, so that there is no hole between what was and what comes. */
function joined(rows: Row[], values: (number | null)[]): (number | null)[] {
  const first = values.findIndex((each) => each !== null);
  const before = rows[first - 1];
  return values.map((each, index) => (index === first - 1 ? (before?.measured ?? before?.reconstructed ?? null) : each));
}

function dataOf(rows: Row[], kinds: ScenarioKind[]): uPlot.AlignedData {
  const [widest] = kinds;
  const limits = (["high95", "low95", "high80", "low80"] as const).map((name) => {
    const values = rows.map(({ scenarios }) => (widest && scenarios[widest] ? Number(scenarios[widest][name]) : null));
    return joined(rows, values);
  });
  const isForecast = (row: Row) => Object.keys(row.scenarios).length > 0;
  // The month that is under way is as forecast: its measured days are in there.
  const measured = rows.map((row) => (isForecast(row) ? null : row.measured));
  const reconstructed = rows.map((row, index) => row.reconstructed ?? (rows[index - 1]?.reconstructed != null && !isForecast(row) ? row.measured : null));
  const scenarios = kinds.map((kind) => joined(rows, rows.map((row) => (row.scenarios[kind] ? Number(row.scenarios[kind].usd) : null))));
  return [rows.map(({ month }) => middleOf(month)), ...limits, reconstructed, measured, ...scenarios] as uPlot.AlignedData;
}

function options(rows: Row[], kinds: ScenarioKind[], marks: Mark[], colour: Colour): Omit<uPlot.Options, "width"> {
  const axis = axisOf(colour);
  const hidden = { width: 0, points: { show: false } };
  const highest = Math.max(1, ...rows.map(({ limit }) => limit ?? 0));
  const first = rows[0]?.month;
  const last = rows.at(-1)?.month;
  const ends: [number, number] = first && last ? [Date.parse(`${first}T00:00Z`) / 1000, endOf(last) / 1000] : [0, 1];
  return {
    height: HEIGHT,
    cursor: { show: false },
    legend: { show: false },
    scales: { x: { time: false, range: ends }, y: { range: (_, __, high) => [0, Math.max(high ?? 0, highest) * 1.05] } },
    axes: [
      {
        ...axis,
        splits: (drawn) => splits(rows, drawn.width - AXIS),
        values: (_, ticks) => ticks.map((each) => monthName(new Date(each * 1000).toISOString().slice(0, 10), "2-digit")),
      },
      { ...axis, size: AXIS, values: (_, ticks) => ticks.map((each) => money(each) ?? "") },
    ],
    bands: [
      { series: [1, 2], fill: faint(colour("--brand"), "1f") },
      { series: [3, 4], fill: faint(colour("--brand"), "3d") },
    ],
    hooks: {
      draw: [
        (drawn) => {
          drawLimits(drawn, rows, colour("--error"));
          drawMarks(drawn, marks, colour);
        },
      ],
    },
    series: [
      {},
      hidden,
      hidden,
      hidden,
      hidden,
      { stroke: colour("--text"), width: 2, dash: [6, 6], points: { show: true, size: 5 } },
      { stroke: colour("--text"), width: 2, points: { show: true, size: 6 } },
      ...kinds.map((kind) => ({ stroke: colour(LINES[kind].colour), width: 2, dash: LINES[kind].dash, points: { show: false } })),
    ],
  };
}

/** A colour of the style, which is `#rrggbb`, so far seen through. */
function faint(colour: string, opacity: string): string {
  return `${colour.trim()}${opacity}`;
}

/** As many months as have room for their names. */
function splits(rows: Row[], width: number): number[] {
  const every = Math.max(1, Math.ceil((rows.length * LABEL) / Math.max(width, 1)));
  return rows.filter((_, index) => index % every === 0).map(({ month }) => middleOf(month));
}

/** The limit of each month, from its first to its last day. */
function drawLimits(chart: uPlot, rows: Row[], colour: string): void {
  const { ctx } = chart;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2 * devicePixelRatio;
  for (const { month, limit } of rows) {
    if (limit === null) continue;
    const y = chart.valToPos(limit, "y", true);
    ctx.beginPath();
    ctx.moveTo(chart.valToPos(Date.parse(`${month}T00:00Z`) / 1000, "x", true), y);
    ctx.lineTo(chart.valToPos(endOf(month) / 1000, "x", true), y);
    ctx.stroke();
  }
  ctx.restore();
}

function Legend({ rows, kinds, marks }: Props) {
  const [widest] = kinds;
  const names: [string, string][] = [
    ...(rows.some(({ measured }) => measured !== null) ? [["measured", t("forecast.measured")] as [string, string]] : []),
    ...(rows.some(({ reconstructed }) => reconstructed !== null) ? [["reconstructed", t("forecast.reconstructed")] as [string, string]] : []),
    ...kinds.map((kind): [string, string] => [kind, t(`forecast.scenario.${kind}`)]),
    ...(widest ? [["band", t("forecast.bands", { scenario: t(`forecast.scenario.${widest}`) })] as [string, string]] : []),
    ...(rows.some(({ limit }) => limit !== null) ? [["limit", t("forecast.budget")] as [string, string]] : []),
  ];
  return (
    <p class="muted small forecast-legend" aria-hidden="true">
      {names.map(([kind, name]) => (
        <span key={kind} class={`line-key ${kind}`}>
          {name}
        </span>
      ))}
      {(["changed", "completed"] as const)
        .filter((kind) => marks.some((mark) => mark.kind === kind))
        .map((kind) => (
          <span key={kind} class={`trend-mark ${kind}`}>
            {t(kind === "changed" ? "forecast.steps" : "mark.done")}
          </span>
        ))}
    </p>
  );
}
