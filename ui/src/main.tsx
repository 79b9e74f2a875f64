import { render } from "preact";
import { App } from "./app";
import { begin } from "./session";
import { show, theme } from "./theme";
import "./style.css";
import "./print.css";

show(theme.value, false);
const root = document.getElementById("page");
// Nothing is asked before it is known who asks.
begin().then(() => {
  if (root) render(<App />, root);
});
