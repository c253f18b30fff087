// The queue of deliveries and the log of those that ended.
import { Ago, time } from "../ages.jsx";

const open = ["waiting", "held", "sending"];

export function Queue({ state }) {
  const waiting = state.deliveries.filter((d) => open.includes(d.state));
  return (
    <fieldset class="queue">
      <legend>Queue and delivery log</legend>
      <p class="hint">{waiting.length ? `${waiting.length} open` : "Nothing waits."}</p>
      {state.gone.map((g) => <p class="gone">{g.platform} #{g.channel} is gone: {g.reason}</p>)}
      <div class="scroll" tabIndex={0} role="region" aria-label="Deliveries">
        <table>
          <thead><tr><th>what</th><th>where</th><th>state</th><th>why</th></tr></thead>
          <tbody>
            {state.deliveries.map((d) => (
              <tr key={d.id} class={`state-${d.state}`}>
                <td title={d.title}>{d.kind}{d.title ? `: ${d.title}` : ""}</td>
                <td>{d.platform}</td>
                <td>{d.state}{d.attempt > 1 ? ` ×${d.attempt}` : ""}{open.includes(d.state) ? <span class="hint"> due <Ago unix={d.due / 1000} /></span> : d.settled ? <span class="hint"> {time(d.settled)}</span> : ""}</td>
                <td>{d.reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </fieldset>
  );
}
