// Links to another state of the same view: the reader stays where they are on the page.
import type { ComponentChildren, JSX } from "preact";
import { go } from "../../router";
import { addressWith, type Changes } from "./address";

interface Props {
  changes: Changes;
  children: ComponentChildren;
  class?: string;
  label?: string | undefined;
  title?: string | undefined;
  current?: boolean;
  tabIndex?: number;
  style?: JSX.CSSProperties;
}

export function Stay(props: Props) {
  const address = addressWith(props.changes);
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    choose(props.changes);
  };
  return (
    <a
      href={address}
      onClick={follow}
      class={props.class}
      title={props.title}
      tabIndex={props.tabIndex}
      style={props.style}
      aria-label={props.label}
      aria-current={props.current ? "true" : undefined}
    >
      {props.children}
    </a>
  );
}

/** Goes to the state with these changes, unless it is this one. */
export function choose(changes: Changes, how: "push" | "replace" = "push"): void {
  const address = addressWith(changes);
  if (address !== location.pathname + location.search) go(address, how, true);
}
