// Light and dark, as OpenMetadata keeps it: the class `dark-mode`, and `ui-theme` in localStorage.
import { signal } from "@preact/signals";

const KEY = "ui-theme";
export type Theme = "light" | "dark";

function preferred(): Theme {
  try {
    const chosen = localStorage.getItem(KEY)?.replace(/"/g, "");
    if (chosen === "light" || chosen === "dark") return chosen;
  } catch {
    // Storage may be forbidden.
  }
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export const theme = signal<Theme>(preferred());

export function show(chosen: Theme, keep = true): void {
  theme.value = chosen;
  document.documentElement.classList.toggle("dark-mode", chosen === "dark");
  if (!keep) return;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // It then holds for this visit.
  }
}
