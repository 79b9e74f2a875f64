// Texts far longer than any field takes are not let in: of a line of a million letters the browser lays out each anew, for
// seconds, whenever anything on the page is touched. What stood in the field stays, and a sentence below it says why.
import { signal } from "@preact/signals";
import { t } from "./texts";
import "./overlong.css";

// Far more than the longest text that the API takes: what is a little too long can be shortened where it stands.
const LONGEST = 20_000;

interface Overlong {
  count: number;
  longest: number;
  field: Text;
  /** Where the sentence stands, in the window. */
  top: number;
  left: number;
}

const refused = signal<Overlong | null>(null);

type Text = HTMLInputElement | HTMLTextAreaElement;

function isText(target: EventTarget | null): target is Text {
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.selectionStart !== null);
}

function longestOf(field: Text): number {
  return field.maxLength >= 0 ? field.maxLength : LONGEST;
}

function guard(event: InputEvent): void {
  const field = event.target;
  if (!isText(field)) return;
  refused.value = null;
  const added = event.data ?? event.dataTransfer?.getData("text/plain") ?? "";
  const replaced = (field.selectionEnd ?? 0) - (field.selectionStart ?? 0);
  const count = field.value.length - replaced + added.length;
  const longest = longestOf(field);
  if (added === "" || count <= longest) return;
  // A composition cannot be stopped half way: its letters are few, and `maxLength` cuts them.
  if (event.cancelable) event.preventDefault();
  refused.value = { count, longest, field, ...below(field) };
}

function below(field: Text): { top: number; left: number } {
  const { bottom, left } = field.getBoundingClientRect();
  return { top: bottom, left };
}

/** It stays where the field is: what brought the field into view may go on scrolling. */
function follow(): void {
  const found = refused.value;
  if (found) refused.value = { ...found, ...below(found.field) };
}

const forget = () => void (refused.value = null);

/** Watches all fields that there are and will be. */
export function watchFields(): void {
  document.addEventListener("beforeinput", guard, { capture: true });
  document.addEventListener("focusout", forget);
  addEventListener("scroll", follow, { capture: true, passive: true });
  addEventListener("resize", follow);
}

export function OverlongNotice() {
  const found = refused.value;
  return (
    <p class="overlong" role={found ? "alert" : undefined} style={found ? { top: `${found.top}px`, left: `${found.left}px` } : {}}>
      {found && t("overlong", { count: found.count, longest: found.longest })}
    </p>
  );
}
