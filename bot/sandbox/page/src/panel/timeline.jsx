// What happened to the last moves, in milliseconds since each was stored.
const steps = ["noticed", "queued", "sent"];

function Lane({ lane, longest }) {
  const width = (ms) => `${Math.max(1, Math.min(100, (100 * ms) / longest))}%`;
  return (
    <li>
      <span class="lane-name">{lane.platform} #{lane.channel}</span>
      <div class="lane" aria-hidden="true">
        {lane.sent != null && <i class="bar sent" style={{ width: width(lane.sent) }} />}
        {lane.queued != null && <i class="bar queued" style={{ width: width(lane.queued) }} />}
        {lane.noticed != null && <i class="bar noticed" style={{ width: width(lane.noticed) }} />}
      </div>
      <span class="lane-steps">
        {["stored", ...steps.filter((s) => lane[s] != null).map((s) => `${s} +${lane[s]} ms`)].join(" → ")}
        {lane.sent == null && lane.state !== "sent" ? ` → ${lane.state}` : ""}
        {lane.attempts > 1 ? ` (${lane.attempts} attempts)` : ""}
      </span>
    </li>
  );
}

export function Timeline({ timeline }) {
  if (!timeline.length) return null;
  return (
    <fieldset class="timeline">
      <legend>From stored to sent</legend>
      <ol>
        {timeline.slice(0, 3).map((t) => {
          const longest = Math.max(1, ...t.lanes.flatMap((l) => [l.noticed || 0, l.queued || 0, l.sent || 0]));
          return <li key={t.move}><b>{t.title}</b><ul>{t.lanes.map((l) => <Lane lane={l} longest={longest} />)}</ul></li>;
        })}
      </ol>
    </fieldset>
  );
}
