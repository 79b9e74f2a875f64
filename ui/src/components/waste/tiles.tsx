// The tiles of the map: as large as the cost, striped by verdict.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { money, percent } from "../../format";
import { t } from "../../texts";
import type { Verdict } from "../../types";
import type { Changes } from "./address";
import type { Entry, MapProps } from "./cost_map";
import { VERDICTS } from "./filters";
import { type Rectangle, squarify } from "./squarify";
import { Stay } from "./stay";

const HEIGHT = 320;
// Under so many pixels a tile has no room for words.
const WORDS_FROM = { width: 56, height: 34 };
const VISIBLE_FROM = 2;

export function Tiles({ map, deeper, chosen }: MapProps) {
  const list = useRef<HTMLUListElement>(null);
  const [width, setWidth] = useState(0);
  const [current, setCurrent] = useState(0);
  useLayoutEffect(() => setWidth(list.current?.clientWidth ?? 0), []);
  useEffect(() => {
    if (!list.current) return;
    const sizes = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)));
    sizes.observe(list.current);
    return () => sizes.disconnect();
  }, []);
  const drawn = [...map.entries, ...(map.others ? [map.others] : [])].filter((each) => Number(each.monthlyCost) > 0);
  drawn.sort((one, other) => Number(other.monthlyCost) - Number(one.monthlyCost));
  const places = squarify(
    drawn.map((each) => Number(each.monthlyCost)),
    { x: 0, y: 0, width, height: HEIGHT },
  );
  const visible = drawn
    .map((entry, place) => ({ entry, at: places[place] as Rectangle }))
    .filter(({ at }) => at.width >= VISIBLE_FROM && at.height >= VISIBLE_FROM);
  // One tile is in the order of the tab key; arrows lead to the others.
  const here = Math.min(current, Math.max(visible.length - 1, 0));
  const move = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1, Home: 0, End: visible.length - 1 };
    const next = steps[event.key];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const place = Math.min(Math.max(next, 0), visible.length - 1);
    setCurrent(place);
    list.current?.querySelectorAll<HTMLElement>(".tile")[place]?.focus();
  };
  return (
    <ul class="tiles" ref={list} style={{ height: `${HEIGHT}px` }} aria-label={t("waste.map")} onKeyDown={move}>
      {visible.map(({ entry, at }, place) => (
        <li key={entry === map.others ? "" : `/${entry.name}`} style={{ left: px(at.x), top: px(at.y), width: px(at.width), height: px(at.height) }}>
          <Tile
            entry={entry}
            label={entry === map.others ? t("waste.others", { count: map.otherEntries }) : entry.name}
            changes={entry === map.others || entry.name === null ? null : deeper(entry.name)}
            at={at}
            reached={place === here}
            chosen={entry.name !== null && entry.name === chosen}
          />
        </li>
      ))}
    </ul>
  );
}

function px(length: number): string {
  return `${length.toFixed(2)}px`;
}

interface TileProps {
  entry: Entry;
  label: string | null;
  changes: Changes | null;
  at: Rectangle;
  reached: boolean;
  chosen: boolean;
}

function Tile({ entry, label, changes, at, reached, chosen }: TileProps) {
  const name = label ?? t("waste.nameless");
  const cost = money(entry.monthlyCost) ?? "";
  const whole = `${name}: ${cost}. ${mixOf(entry)}`;
  const hasWords = at.width >= WORDS_FROM.width && at.height >= WORDS_FROM.height;
  const look = { class: chosen ? "tile chosen" : "tile", style: { background: stripesOf(entry) }, title: whole, tabIndex: reached ? 0 : -1 };
  const words = hasWords && (
    <span class="words">
      <bdi>{name}</bdi>
      <span>{cost}</span>
    </span>
  );
  if (changes === null) {
    return (
      <div {...look} role="img" aria-label={whole}>
        {words}
      </div>
    );
  }
  return (
    <Stay {...look} changes={changes} label={whole} current={chosen}>
      {words}
    </Stay>
  );
}

function sharesOf(entry: Entry): { verdict: Verdict; share: number }[] {
  const total = Number(entry.monthlyCost);
  return VERDICTS.map((verdict) => ({
    verdict,
    share: total > 0 ? Number(entry.verdicts.find((each) => each.verdict === verdict)?.monthlyCost ?? 0) / total : 0,
  })).filter((each) => each.share > 0);
}

/** The verdicts' shares of the cost as stripes from left to right. */
function stripesOf(entry: Entry): string {
  let reached = 0;
  const stops = sharesOf(entry).map(({ verdict, share }) => {
    const from = reached;
    reached += share * 100;
    return `var(--map-${verdict}) ${from.toFixed(2)}% ${reached.toFixed(2)}%`;
  });
  return stops.length > 0 ? `linear-gradient(to right, ${stops.join(", ")})` : "var(--map-KEEP)";
}

function mixOf(entry: Entry): string {
  return sharesOf(entry)
    .map(({ verdict, share }) => `${t(`verdict.${verdict}`)} ${percent(share, share < 0.01 ? 2 : 0)}`)
    .join(", ");
}
