// Where a member types in Slack: free text after /spark.
import { useEffect, useRef, useState } from "preact/hooks";
import { act } from "../feed.js";
import { List, step } from "../list.jsx";

// What Slack shows of a command comes from the app's manifest: its description
// and a hint. The rest is free text.
const command = { name: "/spark", description: "Cards, subscriptions and the weekly digest" };

export function Composer({ channel, open, say }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const [busy, setBusy] = useState(false);
  const past = useRef([]);
  const back = useRef(0);
  const field = useRef();
  const list = `s-list-${channel.id}`;
  const items = text.startsWith("/") && command.name.startsWith(text) && text !== command.name ? [command] : [];
  useEffect(() => setAt(0), [text]);

  const send = async () => {
    const typed = text.trim();
    if (busy || !typed) return;
    if (!typed.startsWith("/")) return say("Only the bot is here, and it reads commands: begin with /spark");
    past.current.push(typed);
    back.current = 0;
    setText("");
    setBusy(true);
    const answer = await act(channel, { do: "say", text: typed });
    setBusy(false);
    if (answer.error) say(answer.error);
    else open(answer);
  };
  const key = (e) => {
    if (items.length && (e.key === "Tab" || e.key === "Enter")) {
      e.preventDefault();
      setText("/spark ");
    } else if (e.key === "Enter") {
      e.preventDefault();
      send();
    } else if (items.length && (e.key === "ArrowDown" || e.key === "ArrowUp")) {
      e.preventDefault();
      setAt(step(e.key, at, items.length));
    } else if (e.key === "ArrowUp" && (!text || back.current)) {
      e.preventDefault();
      back.current = Math.min(back.current + 1, past.current.length);
      setText(past.current.at(-back.current) || "");
    } else if (e.key === "Escape") setText("");
  };
  return (
    <div class="s-composer" role="group" aria-label={`Write to #${channel.name} on Slack`}>
      <List id={list} label="Commands" items={items} at={at} pick={() => { setText("/spark "); field.current.focus(); }} />
      <div class="s-box">
        <input
          ref={field}
          class="s-input"
          value={text}
          placeholder={`Message #${channel.name}`}
          aria-label={`Message #${channel.name} on Slack; begin with /spark for a command`}
          role="combobox"
          aria-expanded={items.length > 0}
          aria-controls={list}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(e) => { back.current = 0; setText(e.currentTarget.value); }}
          onKeyDown={key}
        />
        <div class="s-tools">
          <span class="s-hint">{text.startsWith("/spark") ? "[project | all | subscribe … | list | mute … | help]" : ""}</span>
          <button type="button" class="s-send" disabled={busy || !text.trim()} onClick={send} aria-label="Send now">
            <svg viewBox="0 0 20 20" aria-hidden="true"><path fill="currentColor" d="M1.500 2.250a.755.755 0 0 1 1-.710l15.600 7.800a.73.73 0 0 1 0 1.320L2.500 18.460a.755.755 0 0 1-1-.710L3 11.500l7-1.500-7-1.500z" /></svg>
          </button>
        </div>
      </div>
      <p class="s-typing" aria-live="polite">{busy ? "sparkbot is working…" : ""}</p>
    </div>
  );
}
