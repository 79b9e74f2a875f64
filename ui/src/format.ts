// Amounts, sizes and times for people. Money comes as decimal text, days and moments in UTC.
import { dates, numbers } from "./texts/formatters";

const LARGE = 1e6;

/** USD: to the cent, shorter from a million on; what is under a cent is not called nothing. */
export function money(amount: string | number | null | undefined): string | null {
  if (amount === null || amount === undefined) return null;
  const value = Number(amount);
  if (value !== 0 && Math.abs(value) < 0.005) return `< ${format(0.01, "currency")}`;
  return format(value, "currency");
}

function format(value: number, style: "currency" | "decimal"): string {
  const isLarge = Math.abs(value) >= LARGE;
  return numbers({
    style,
    ...(style === "currency" ? { currency: "USD" } : {}),
    ...(isLarge ? { notation: "compact", maximumFractionDigits: 2 } : {}),
  }).format(value);
}

export function count(value: number): string {
  return numbers().format(value);
}

/** A share of 1 in per cent. */
export function percent(share: number | null | undefined, digits = 0): string | null {
  if (share === null || share === undefined) return null;
  return numbers({ style: "percent", maximumFractionDigits: digits }).format(share);
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/** Bytes in powers of 1,000. */
export function bytes(value: string | number | null | undefined): string | null {
  if (value === null || value === undefined) return null;
  const size = Number(value);
  const step = Math.min(Math.max(Math.floor(Math.log10(Math.max(size, 1)) / 3), 0), UNITS.length - 1);
  const digits = numbers({ maximumSignificantDigits: 3 }).format(size / 1000 ** step);
  return `${digits} ${UNITS[step]}`;
}

/** A day, which is one of UTC and is not moved. */
export function day(text: string | null | undefined): string | null {
  if (!text) return null;
  return dates({ dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${text}T00:00Z`));
}

/** A moment in the reader's zone, and in UTC for the hint beside it. */
export function moment(text: string): { local: string; utc: string } {
  const at = new Date(text);
  const of = (timeZone?: string) =>
    dates({
      dateStyle: "medium",
      timeStyle: "short",
      ...(timeZone ? { timeZone } : {}),
    }).format(at);
  const zone = dates().resolvedOptions().timeZone;
  return { local: of(), utc: `${of("UTC")} UTC · ${of()} ${zone}` };
}
