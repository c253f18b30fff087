// Times as the two platforms write them, by the demo's clock.
import { useEffect, useState } from "preact/hooks";
import { now } from "./feed.js";

const day = 86400;
const relative = new Intl.RelativeTimeFormat("en", { numeric: "always" });

// ago writes an age as Discord and Slack do: "2 hours ago", "in 3 days".
export function ago(unix) {
  const s = unix - now() / 1000;
  for (const [unit, size] of [["year", 365 * day], ["month", 30 * day], ["day", day], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(s) >= size) return relative.format(Math.trunc(s / size), unit);
  }
  return Math.abs(s) < 10 ? "just now" : relative.format(Math.trunc(s), "second");
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "2-digit", year: "numeric" });
const long = new Intl.DateTimeFormat("en", { weekday: "long", month: "long", day: "numeric" });
const written = new Intl.DateTimeFormat("en", { month: "long", day: "numeric", year: "numeric" });

export const time = (ms) => clock.format(ms);
export const full = (ms) => `${long.format(ms)} ${clock.format(ms)}`;

const daysAway = (ms) => Math.round((new Date(now()).setHours(0, 0, 0, 0) - new Date(ms).setHours(0, 0, 0, 0)) / 86400000);

// stamp is the time beside a name in Discord.
export function stamp(ms) {
  const away = daysAway(ms);
  if (away === 0) return `Today at ${time(ms)}`;
  if (away === 1) return `Yesterday at ${time(ms)}`;
  return `${date.format(ms)} ${time(ms)}`;
}

// dayName heads the messages of a day.
export function dayName(ms, plain) {
  const away = daysAway(ms);
  if (!plain && away === 0) return "Today";
  if (!plain && away === 1) return "Yesterday";
  return plain ? written.format(ms) : long.format(ms);
}

// useTicks draws a component again every few seconds, so that ages stay true.
export function useTicks(ms = 5000) {
  const [, draw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => draw((n) => n + 1), ms);
    return () => clearInterval(timer);
  }, [ms]);
}

export function Ago({ unix }) {
  useTicks();
  return <time dateTime={new Date(unix * 1000).toISOString()} title={full(unix * 1000)}>{ago(unix)}</time>;
}
