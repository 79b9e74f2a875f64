import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../texts";

const SHOWN_FOR = 2500;

/** Copies a text. Where the browser forbids that (a page without TLS), it selects the text, to be copied by hand. */
export function Copy({ text, name }: { text: string; name: string }) {
  const button = useRef<HTMLButtonElement>(null);
  const [said, setSaid] = useState<"table.copied" | "table.selected" | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("table.copied");
    } catch {
      const shown = button.current?.parentElement?.querySelector("pre");
      if (shown) getSelection()?.selectAllChildren(shown);
      setSaid("table.selected");
    }
  };
  return (
    <>
      <button ref={button} type="button" onClick={copy} aria-label={`${t("table.copy")}: ${name}`}>
        {t("table.copy")}
      </button>
      <span class="small" role="status">
        {said && t(said)}
      </span>
    </>
  );
}
