// Sends the first questions, so it stands first.
import { known } from "./opening";
import { render } from "preact";
import { App } from "./app";
import { watchFields } from "./overlong";
import { show, theme } from "./theme";
import "./style.css";
import "./print.css";

show(theme.value, false);
watchFields();
const root = document.getElementById("page");
// Nothing is asked before it is known who asks.
known.then(() => {
  if (!root) return;
  // What stood there until now.
  root.replaceChildren();
  document.documentElement.classList.remove("opening");
  render(<App />, root);
});
