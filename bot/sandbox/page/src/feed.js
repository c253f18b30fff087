// Keeps what stands in the channels true to the sandbox: one fetch at the start
// and after every reconnection, and one event for every change between.
import { useEffect, useState } from "preact/hooks";

const listeners = new Set();
export const world = { channels: [], commands: [], roles: [], panel: false, member: "you", offset: 0, connected: false, news: 0, refused: [] };

const changed = () => {
  for (const l of listeners) l();
};

// useWorld draws a component again whenever the world has changed.
export function useWorld() {
  const [, draw] = useState(0);
  useEffect(() => {
    const again = () => draw((n) => n + 1);
    listeners.add(again);
    return () => listeners.delete(again);
  }, []);
  return world;
}

// now is the demo's time, which its visitor may move.
export const now = () => Date.now() + world.offset;

const byTime = (a, b) => a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
const find = (platform, id) => world.channels.find((c) => c.platform === platform && c.id === id);

export function put(platform, channel, message) {
  const c = find(platform, channel);
  if (!c || !message) return;
  const rest = c.messages.filter((m) => m.id !== message.id);
  c.messages = [...rest, message].sort(byTime);
  changed();
}

export function drop(platform, channel, id) {
  const c = find(platform, channel);
  if (!c) return;
  c.messages = c.messages.filter((m) => m.id !== id);
  changed();
}

export async function refresh() {
  const state = await (await fetch("/page/state")).json();
  world.offset = state.now - Date.now();
  for (const c of state.channels || []) c.messages.sort(byTime);
  Object.assign(world, { channels: state.channels || [], commands: state.commands, roles: state.roles, panel: state.panel, member: state.member });
  changed();
}

function take(event) {
  world.offset = event.now - Date.now();
  if (event.kind === "told") {
    world.news++;
    changed();
  } else if (event.kind === "deleted") {
    drop(event.platform, event.channel, event.id);
  } else if (event.kind === "refused") {
    world.refused = [...world.refused.slice(-4), { platform: event.platform, text: event.text, at: event.at }];
    changed();
  } else if (!find(event.platform, event.channel)) {
    refresh();
  } else {
    put(event.platform, event.channel, event.message);
  }
}

export function follow() {
  const source = new EventSource("/page/events");
  source.onopen = () => {
    world.connected = true;
    refresh();
  };
  source.onmessage = (e) => take(JSON.parse(e.data));
  source.onerror = () => {
    world.connected = false;
    changed();
  };
}

// post sends JSON and gives the answer; what goes wrong becomes its error.
export async function post(path, body) {
  try {
    const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    return await response.json();
  } catch {
    return { error: "The demo does not answer; is it still running?" };
  }
}

// act does something as the visitor, and shows at once what comes back.
export async function act(channel, what) {
  const answer = await post("/page/act", { platform: channel.platform, channel: channel.id, ...what });
  if (answer.message) put(channel.platform, channel.id, answer.message);
  return answer;
}
