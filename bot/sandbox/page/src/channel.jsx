// A channel of either platform: its head, its messages, its composer.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { dayName } from "./ages.jsx";
import { act, useWorld } from "./feed.js";
import { Form } from "./form.jsx";
import { Composer as DiscordComposer } from "./discord/composer.jsx";
import { Message as DiscordMessage } from "./discord/message.jsx";
import { Composer as SlackComposer } from "./slack/composer.jsx";
import { Message as SlackMessage } from "./slack/message.jsx";
import { useDark } from "./theme.jsx";

const tries = {
  discord: ["/spark project:session", "/sparks", "/sparkbot list", "/sparkbot test"],
  slack: ["/spark session", "/spark all", "/spark list", "/spark test"],
};

function Log({ channel, open, notes, drop }) {
  const log = useRef();
  const near = useRef(true);
  const before = useRef(0);
  const dark = useDark();
  useLayoutEffect(() => {
    if (near.current) log.current.scrollTop = log.current.scrollHeight;
  }, [channel.messages, notes]);
  useEffect(() => {
    // Fonts and pictures change heights after the first look.
    const watch = new ResizeObserver(() => {
      if (near.current && log.current) log.current.scrollTop = log.current.scrollHeight;
    });
    watch.observe(log.current.firstChild);
    return () => watch.disconnect();
  }, []);
  const scrolled = () => {
    // Only who scrolls up leaves the end; what grows below does not.
    const e = log.current;
    if (e.scrollHeight - e.scrollTop - e.clientHeight < 60) near.current = true;
    else if (e.scrollTop < before.current - 4) near.current = false;
    before.current = e.scrollTop;
  };
  const discord = channel.platform === "discord";
  const Message = discord ? DiscordMessage : SlackMessage;
  let day = "";
  const rows = [];
  for (const m of channel.messages) {
    const name = dayName(m.at, discord);
    if (name !== day) rows.push(<div class="day" key={"day" + m.id}><span>{name}</span></div>);
    day = name;
    rows.push(<Message key={m.id} channel={channel} message={m} open={open} />);
  }
  const inside = (
    <>
      {rows.length === 0 && <p class="empty">Nothing yet. Type a command below, or store a move.</p>}
      {rows}
      {notes.map((n) => <div class="note" role="status" key={n.id}><span>{n.text}</span> <button type="button" onClick={() => drop(n.id)}>Dismiss</button></div>)}
    </>
  );
  return (
    <div class="log" ref={log} onScroll={scrolled} tabIndex={0} role="log" aria-label={`Messages of #${channel.name} on ${discord ? "Discord" : "Slack"}`}>
      {discord ? <discord-messages class="inside" light-theme={!dark} no-background>{inside}</discord-messages> : <div class="inside">{inside}</div>}
    </div>
  );
}

export function Channel({ platform, hidden }) {
  const world = useWorld();
  const [id, setID] = useState(null);
  const [notes, setNotes] = useState([]);
  const [form, setForm] = useState(null);
  const mine = world.channels.filter((c) => c.platform === platform);
  const channel = mine.find((c) => c.id === id) || mine[0];
  const label = platform === "discord" ? "Discord" : "Slack";
  if (!channel) return <section class={`channel ${platform}`} data-hidden={hidden} aria-label={label}><p class="empty">The bot is starting…</p></section>;
  const say = (text) => setNotes((n) => [...n.slice(-2), { id: Date.now() + Math.random(), text }]);
  const open = (answer) => {
    if (answer?.error) say(answer.error);
    else if (answer?.modal) setForm({ modal: answer.modal, channel });
  };
  const attempt = async (text) => open(await act(channel, { do: "say", text }));
  const Composer = platform === "discord" ? DiscordComposer : SlackComposer;
  return (
    <section class={`channel ${platform}`} data-hidden={hidden} aria-label={`#${channel.name} on ${label}`}>
      <header class="head">
        <h2><span class="hash" aria-hidden="true">#</span> {channel.name}</h2>
        {mine.length > 1 && (
          <select aria-label={`Channel on ${label}`} value={channel.id} onChange={(e) => setID(e.currentTarget.value)}>
            {mine.map((c) => <option value={c.id}>#{c.name}</option>)}
          </select>
        )}
        <span class="head-about">{channel.closed ? "The bot was kicked out" : "Open projects on the move"}</span>
        <span class="head-platform">{label}</span>
      </header>
      <Log channel={channel} open={open} notes={notes} drop={(n) => setNotes((all) => all.filter((o) => o.id !== n))} />
      <div class="tries" role="group" aria-label={`Commands to try on ${label}`}>
        {tries[platform].map((t) => <button type="button" onClick={() => attempt(t)}>{t}</button>)}
      </div>
      <Composer key={channel.id} channel={channel} open={open} say={say} />
      {form && <Form key={form.modal.id} channel={form.channel} modal={form.modal} close={() => setForm(null)} open={open} say={say} />}
    </section>
  );
}
