// Every message the tests hold a golden of, drawn on both platforms, so that a
// change to the words is seen at once.
import { useEffect, useState } from "preact/hooks";
import { Message as DiscordMessage } from "./discord/message.jsx";
import { Message as SlackMessage } from "./slack/message.jsx";
import { useDark } from "./theme.jsx";
import { useWorld } from "./feed.js";

export function Preview() {
  const dark = useDark();
  const world = useWorld();
  const [list, setList] = useState(null);
  const [filter, setFilter] = useState("");
  useEffect(() => {
    fetch("/panel/previews").then((r) => r.json()).then(setList, () => setList([]));
  }, [world.news]);
  if (!list) return <main class="preview"><p class="empty">Composing…</p></main>;
  const shown = list.filter((p) => p.name.includes(filter));
  const still = () => {};
  return (
    <main class="preview">
      <div class="preview-head">
        <label>Show <input type="search" value={filter} placeholder="alert, card, digest…" onInput={(e) => setFilter(e.currentTarget.value)} /></label>
        <span>{shown.length} of {list.length} messages, as the tests hold them</span>
      </div>
      {shown.map((p) => (
        <section class="golden" id={p.name} aria-labelledby={"h-" + p.name}>
          <h2 id={"h-" + p.name}><a href={"#" + p.name}>{p.name}</a></h2>
          <div class="pair">
            <div class="channel discord"><div class="log"><discord-messages class="inside" light-theme={!dark} no-background>
              {p.discord.error ? <p class="wrong">{p.discord.error}</p> : <DiscordMessage channel={{ platform: "discord" }} message={{ id: p.name, at: p.at, body: p.discord.body }} open={still} />}
            </discord-messages></div></div>
            <div class="channel slack"><div class="log"><div class="inside">
              {p.slack.error ? <p class="wrong">{p.slack.error}</p> : <SlackMessage channel={{ platform: "slack" }} message={{ id: p.name, at: p.at, body: p.slack.body }} open={still} />}
            </div></div></div>
          </div>
        </section>
      ))}
    </main>
  );
}
