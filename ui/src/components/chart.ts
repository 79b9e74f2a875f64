// Charts by uPlot, which is not even evaluated before there is one to draw.
import type uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import { language } from "../texts";
import { theme } from "../theme";

/** The value of a custom property of the style. */
export type Colour = (name: string) => string;
export type Drawn = [options: Omit<uPlot.Options, "width">, data: uPlot.AlignedData];

const AXIS_FONT = "12px Inter";

/** What all axes look like. */
export function axisOf(colour: Colour): uPlot.Axis {
  return { stroke: colour("--muted"), grid: { stroke: colour("--border"), width: 1 }, font: AXIS_FONT };
}

/** The element that a chart stands in, as wide as it is; it is drawn anew when one of `inputs`, the theme or the language changes. */
export function useChart(draw: ((plot: typeof uPlot, colour: Colour) => Drawn) | null, inputs: unknown[]) {
  const place = useRef<HTMLDivElement>(null);
  const isEmpty = draw === null;
  useEffect(() => {
    const element = place.current;
    if (!element || draw === null) return;
    let end: (() => void) | null = null;
    let isGone = false;
    import("uplot").then(({ default: plot }) => {
      if (!isGone) end = shown(plot, element, draw);
    });
    return () => {
      isGone = true;
      end?.();
    };
  }, [...inputs, isEmpty, theme.value, language.value]);
  return place;
}

/** Draws into the element; returns what takes it away again. */
function shown(plot: typeof uPlot, element: HTMLElement, draw: (plot: typeof uPlot, colour: Colour) => Drawn): () => void {
  const style = getComputedStyle(document.documentElement);
  const [options, data] = draw(plot, (name) => style.getPropertyValue(name));
  const chart = new plot({ ...options, width: element.clientWidth }, data, element);
  const sizes = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: options.height }));
  sizes.observe(element);
  return () => {
    sizes.disconnect();
    chart.destroy();
  };
}
