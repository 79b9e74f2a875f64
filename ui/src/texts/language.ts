// Which language the page is in: the browser's, until somebody chooses another.
import { signal } from "@preact/signals";

const SPOKEN = ["en", "de"] as const;
const KEY = "thirdeye-language";
export type Language = (typeof SPOKEN)[number];

function preferred(): Language {
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem(KEY);
  } catch {
    // Storage may be forbidden.
  }
  const wanted = [chosen, ...navigator.languages].map((each) => each?.slice(0, 2).toLowerCase());
  return wanted.map(known).find((each) => each !== null) ?? "en";
}

function known(name: string | undefined): Language | null {
  return SPOKEN.find((each) => each === name) ?? null;
}

export const language = signal<Language>(preferred());
export const languages: readonly Language[] = SPOKEN;

export function speak(chosen: string): void {
  language.value = known(chosen) ?? language.value;
  document.documentElement.lang = language.value;
  try {
    localStorage.setItem(KEY, language.value);
  } catch {
    // It then holds for this visit.
  }
}
