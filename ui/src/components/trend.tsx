// A line over time, and the same as a table for those who cannot see it.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { day } from "../format";
import { language, t } from "../texts";
import { theme } from "../theme";

export interface Point {
  at: string;
  value: number | null;
}

const HEIGHT = 180;

export function Trend({ points, label }: { points: Point[]; label: string }) {
  const place = useRef<HTMLDivElement>(null);
  const look = theme.value;
  useEffect(() => {
    const element = place.current;
    if (!element || points.length < 2) return;
    const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name);
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--border"), width: 1 }, font: "12px Inter" };
    const days = new Intl.DateTimeFormat(language.value, { month: "short", day: "numeric", timeZone: "UTC" });
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
        cursor: { y: false },
        legend: { show: false },
        scales: { y: { range: [0, 100] } },
        axes: [{ ...axis, values: (_, ticks) => ticks.map((each) => days.format(new Date(each * 1000))) }, { ...axis, size: 40 }],
        series: [{}, { stroke: colour("--brand"), width: 2, spanGaps: true, points: { show: points.length < 40 } }],
      },
      [points.map((each) => new Date(each.at).getTime() / 1000), points.map((each) => each.value)],
      element,
    );
    const sizes = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      chart.destroy();
    };
  }, [points, look, language.value]);
  if (points.length === 0) return <p class="muted">{t("noHistory")}</p>;
  return (
    <>
      {points.length > 1 && <div ref={place} class="chart" aria-hidden="true" />}
      <details class="small" open={points.length === 1}>
        <summary>{t("asTable")}</summary>
        <div class="scrolls short" tabIndex={0} role="region" aria-label={label}>
          <table>
            <tbody>
              {[...points].reverse().map((each) => (
                <tr key={each.at}>
                  <th scope="row">{day(each.at.slice(0, 10))}</th>
                  <td class="number">{each.value ?? t("unknown")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}
