// All that narrows the list: search, filters, and marks for what is chosen, each with a way to drop it.
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../texts";
import { Fold, Name } from "../basics";
import type { Changes, State } from "./address";
import { choiceOf, Control, nameOf, saidOf } from "./controls";
import { listOf } from "../../router";
import { FILTERS, type Filter, type FilterName, type Value, written } from "./filters";
import { choose, Stay } from "./stay";

export function FilterPanel({ state }: { state: State }) {
  const common = FILTERS.filter((each: Filter) => each.common);
  const others = FILTERS.filter((each: Filter) => !each.common);
  const hidden = others.filter((each) => state.filters[each.name] !== undefined).length;
  const control = (filter: (typeof FILTERS)[number]) => (
    <Control
      key={filter.name}
      filter={filter}
      value={state.filters[filter.name]}
      set={(value) => choose({ [filter.name]: value === null ? null : written(value) })}
    />
  );
  return (
    <search class="filters">
      <Search text={state.search} />
      <details class="narrow" open={innerWidth >= 900}>
        <summary>{t("waste.filters")}</summary>
        <div class="controls">{common.map(control)}</div>
        <Fold open={hidden > 0} summary={hidden > 0 ? t("waste.moreFiltersSet", { count: hidden }) : t("waste.moreFilters")}>
          {() => <div class="controls">{others.map(control)}</div>}
        </Fold>
      </details>
      <Marks state={state} />
    </search>
  );
}

const PAUSE = 250;

/** Searches as one types, a moment after the last letter. The first letter is a step back, the others are not. */
function Search({ text }: { text: string }) {
  const [typed, setTyped] = useState(text);
  const sent = useRef(text);
  const isTyping = useRef(false);
  useEffect(() => {
    // The address changed by something else: a link, or a step back.
    if (text !== sent.current) {
      sent.current = text;
      setTyped(text);
    }
  }, [text]);
  const send = () => {
    const search = typed.trim();
    if (search === sent.current) return;
    sent.current = search;
    choose({ search: search || null }, isTyping.current ? "replace" : "push");
    isTyping.current = true;
  };
  useEffect(() => {
    const timer = setTimeout(send, PAUSE);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <div class="control search">
      <label for="search">{t("waste.search")}</label>
      <input
        id="search"
        type="search"
        value={typed}
        maxLength={200}
        autoComplete="off"
        spellcheck={false}
        aria-describedby="search-how"
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && send()}
        onBlur={() => {
          isTyping.current = false;
        }}
      />
      <span id="search-how" class="muted small">
        {t("waste.searchHow")}
      </span>
    </div>
  );
}

interface Mark {
  key: string;
  name: FilterName;
  said: string;
  without: Changes;
}

function Marks({ state }: { state: State }) {
  const marks = FILTERS.flatMap((filter) => marksOf(filter, state.filters[filter.name]));
  if (marks.length === 0) return null;
  return (
    <ul class="marks" aria-label={t("waste.chosen")}>
      {marks.map((mark) => (
        <li key={mark.key}>
          <Stay changes={mark.without} class="mark" label={t("waste.drop", { name: `${nameOf(mark.name)}: ${mark.said}` })}>
            {nameOf(mark.name)}: <Name text={mark.said} /> <span aria-hidden="true">×</span>
          </Stay>
        </li>
      ))}
      <li>
        <Stay changes={withoutFilters()}>{t("waste.dropAll")}</Stay>
      </li>
    </ul>
  );
}

export function withoutFilters(): Changes {
  return Object.fromEntries([...FILTERS.map((each) => each.name), "search"].map((name) => [name, null]));
}

function marksOf(filter: Filter & { name: FilterName }, value: Value | undefined): Mark[] {
  const { name } = filter;
  if (value === undefined) return [];
  if (!Array.isArray(value)) return [{ key: name, name, said: saidOf(filter, value), without: { [name]: null } }];
  return value.map((each) => ({
    key: `${name} ${each}`,
    name,
    said: filter.kind === "choices" ? choiceOf(name, each) : each,
    without: { [name]: listOf(value.filter((other) => other !== each)) || null },
  }));
}
