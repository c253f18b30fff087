// The levers: what the world around the bot does, and what the bot makes of it.
import { useEffect, useState } from "preact/hooks";
import { now, post, useWorld } from "../feed.js";
import { Moves } from "./moves.jsx";
import { Queue } from "./queue.jsx";
import { Timeline } from "./timeline.jsx";

// usePanel reads the panel's state anew after every piece of news.
function usePanel(news) {
  const [state, setState] = useState(null);
  useEffect(() => {
    let stale = false;
    const timer = setTimeout(async () => {
      try {
        const s = await (await fetch("/panel/state")).json();
        if (!stale) setState(s);
      } catch {
        // The clock in the page's head says that the demo is away.
      }
    }, 60);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [news]);
  return state;
}

const hours = { "+1 hour": 1, "+1 day": 24, "+1 week": 168 };

function Clock({ pull }) {
  return (
    <fieldset>
      <legend>Time</legend>
      <p class="hint">Velocity decays, mutes end and digests come due.</p>
      <div class="row">
        {Object.entries(hours).map(([label, n]) => <button type="button" onClick={() => pull({ do: "clock", hours: n })}>{label}</button>)}
        <button type="button" onClick={() => pull({ do: "digest" })}>Digest now</button>
      </div>
    </fieldset>
  );
}

const faults = { 429: "429", 500: "500", drop: "Drop the line", kick: "Kick the bot", invite: "Let it back" };

function Breaker({ platform, label, left, pull }) {
  return (
    <div class="breaker" role="group" aria-label={`Break ${label}`}>
      <b>{label}</b>{left > 0 && <span class="left">{left} more will fail</span>}
      <div class="row">{Object.entries(faults).map(([kind, text]) => <button type="button" onClick={() => pull({ do: "break", platform, kind })}>{text}</button>)}</div>
    </div>
  );
}

export function Panel({ hidden }) {
  const world = useWorld();
  const state = usePanel(world.news);
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);
  const pull = async (what) => {
    setBusy(true);
    const answer = await post("/panel/lever", what);
    setBusy(false);
    setSaid(answer.error || answer.said || "");
    return !answer.error;
  };
  if (!state) return <aside class="panel" data-hidden={hidden} aria-label="Levers"><p class="hint">The bot is starting…</p></aside>;
  return (
    <aside class="panel" data-hidden={hidden} aria-label="Levers" aria-busy={busy}>
      <p class="said" role="status">{said}</p>
      <Moves state={state} pull={pull} />
      <Timeline timeline={state.timeline} />
      <Clock pull={pull} now={now()} />
      <fieldset>
        <legend>Break a platform</legend>
        <Breaker platform="discord" label="Discord" left={state.faults.discord} pull={pull} />
        <Breaker platform="slack" label="Slack" left={state.faults.slack} pull={pull} />
      </fieldset>
      <Queue state={state} />
    </aside>
  );
}
