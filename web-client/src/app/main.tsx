/** The roof of the client: words first, then the page. */
import "../ui/fonts.css";
import "../ui/tokens.css";
import "../ui/base.css";
import "../ui/controls.css";
import "../ui/rows.css";
import "../ui/forms.css";
import "../ui/tables.css";
import "../ui/floats.css";
import "../ui/prose.css";
import "../ui/carets.css";
import "./shell.css";
import "../ui/adapt.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startLanguage } from "../i18n";
import { App } from "./App";
import { watchForUpdates } from "./updates";

const place = document.getElementById("root");
if (!place) throw new Error("the page has no root element");

await startLanguage();
createRoot(place).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
watchForUpdates();
