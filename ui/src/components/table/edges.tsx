// Columns of assets with the edges between them drawn behind: only between those that are on the screen.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Edge } from "./answer";

export function Edges({ edges, children }: { edges: Edge[]; children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  const [lines, setLines] = useState<string[]>([]);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const draw = () => setLines(linesOf(element, edges));
    // Columns grow when somebody opens a group, and letters when their font has come.
    const sizes = new ResizeObserver(draw);
    sizes.observe(element);
    for (const column of element.querySelectorAll(".distance")) sizes.observe(column);
    draw();
    return () => sizes.disconnect();
  }, [edges]);
  return (
    <div class="distances" ref={box}>
      <svg class="edges" aria-hidden="true" focusable="false">
        {lines.map((each, place) => (
          <path key={place} d={each} />
        ))}
      </svg>
      {children}
    </div>
  );
}

/** A curve for each edge whose ends are on the screen, from one column's right to the next one's left. */
function linesOf(box: HTMLElement, edges: Edge[]): string[] {
  const origin = box.getBoundingClientRect();
  const places = new Map<string, { left: number; right: number; y: number }>();
  for (const each of box.querySelectorAll<HTMLElement>("[data-asset]")) {
    const { left, right } = (each.closest(".group") ?? each).getBoundingClientRect();
    const { top, height } = each.getBoundingClientRect();
    places.set(each.dataset.asset ?? "", { left: left - origin.left, right: right - origin.left, y: top + height / 2 - origin.top });
  }
  return edges.flatMap(({ from, to }) => {
    const [start, end] = [places.get(from), places.get(to)];
    if (!start || !end) return [];
    const middle = (start.right + end.left) / 2;
    const points = [start.right, start.y, middle, start.y, middle, end.y, end.left, end.y].map((each) => each.toFixed(1));
    return [`M${points.slice(0, 2).join(" ")}C${points.slice(2).join(" ")}`];
  });
}
