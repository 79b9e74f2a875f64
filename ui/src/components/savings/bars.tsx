// Two bars for each month: what was promised, and what was measured. The same stands in the table below it.
import type uPlot from "uplot";
import { money } from "../../format";
import { t } from "../../texts";
import { dates } from "../../texts/formatters";
import { axisOf, type Colour, type Drawn, useChart } from "../chart";
import type { Group } from "./savings";

const HEIGHT = 220;
const WIDEST = 32;

export function Bars({ groups }: { groups: Group[] }) {
  const draw = (plot: typeof uPlot, colour: Colour): Drawn => {
    const axis = axisOf(colour);
    const months = dates({ month: "short", year: "2-digit", timeZone: "UTC" });
    const bars = plot.paths.bars;
    const series = (name: string, align: -1 | 1) => ({
      stroke: colour(name),
      fill: colour(name),
      width: 0,
      points: { show: false },
      ...(bars ? { paths: bars({ size: [0.35, WIDEST], align, gap: 2 }) } : {}),
    });
    const places = groups.map((_, index) => index);
    return [
      {
        height: HEIGHT,
        cursor: { show: false },
        legend: { show: false },
        scales: { x: { time: false, range: [-0.6, groups.length - 0.4] }, y: { range: (_, low, high) => [Math.min(low, 0), Math.max(high, 1) * 1.05] } },
        axes: [
          {
            ...axis,
            splits: places,
            values: (_, ticks) => ticks.map((each) => (groups[each] ? months.format(new Date(`${groups[each].key}-01T00:00Z`)) : "")),
          },
          { ...axis, size: 72, values: (_, ticks) => ticks.map((each) => money(each) ?? "") },
        ],
        series: [{}, series("--border-strong", -1), series("--brand", 1)],
      },
      [places, groups.map((each) => Number(each.projectedUsd)), groups.map((each) => Number(each.realizedUsd))],
    ];
  };
  const place = useChart(groups.length > 0 ? draw : null, [groups]);
  return (
    <>
      <div ref={place} class="chart" aria-hidden="true" />
      <p class="muted small" aria-hidden="true">
        <span class="bar-key projected">{t("savings.projected")}</span> <span class="bar-key realized">{t("savings.realized")}</span>
      </p>
    </>
  );
}
