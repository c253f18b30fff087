import "./fonts.css";
import "./page.css";
import "./discord/discord.css";
import "./slack/slack.css";
import "./panel/panel.css";
import "./discord/renderer.js";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { full, useTicks } from "./ages.jsx";
import { Channel } from "./channel.jsx";
import { follow, now, useWorld } from "./feed.js";
import { Panel } from "./panel/panel.jsx";
import { Preview } from "./preview.jsx";
import { choose, chosen } from "./theme.jsx";

function Theme() {
  const [theme, setTheme] = useState(chosen());
  const next = { auto: "dark", dark: "light", light: "auto" }[theme];
  return (
    <button type="button" class="plain" onClick={() => { choose(next); setTheme(next); }} aria-label={`Colours: ${theme}; change to ${next}`}>
      <span aria-hidden="true">{{ auto: "◐", dark: "●", light: "○" }[theme]}</span> {theme}
    </button>
  );
}

function Clock() {
  const world = useWorld();
  useTicks(1000);
  return <time class="clock" title={world.connected ? "The demo's clock" : "The demo does not answer"}>{world.connected ? full(now()) : "not connected"}</time>;
}

function Top() {
  return (
    <header class="top">
      <h1><img src="/page/assets/spark.svg" alt="" /> sparkbot</h1>
      <p>The real bot, in a Discord and a Slack inside this program.</p>
      <nav aria-label="Pages">
        <a href="/" aria-current={location.pathname === "/" ? "page" : undefined}>Channels</a>
        <a href="/preview" aria-current={location.pathname === "/preview" ? "page" : undefined}>Preview</a>
      </nav>
      <Clock />
      <Theme />
    </header>
  );
}

function Demo() {
  const world = useWorld();
  const [tab, setTab] = useState("discord");
  const tabs = [["discord", "Discord"], ["slack", "Slack"], ...(world.panel ? [["panel", "Levers"]] : [])];
  return (
    <>
      <div class="tabs" role="tablist" aria-label="What to show">
        {tabs.map(([id, label]) => <button type="button" role="tab" aria-selected={tab === id} onClick={() => setTab(id)}>{label}</button>)}
      </div>
      <main class={world.panel ? "demo with-panel" : "demo"}>
        <Channel platform="discord" hidden={tab !== "discord"} />
        <Channel platform="slack" hidden={tab !== "slack"} />
        {world.panel && <Panel hidden={tab !== "panel"} />}
      </main>
    </>
  );
}

function App() {
  useEffect(follow, []);
  return (
    <>
      <Top />
      {location.pathname === "/preview" ? <Preview /> : <Demo />}
    </>
  );
}

render(<App />, document.getElementById("app"));
