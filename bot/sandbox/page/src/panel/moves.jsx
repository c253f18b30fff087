// Moves as any program stores, edits and takes them back.
import { useState } from "preact/hooks";
import { Ago } from "../ages.jsx";

const ideas = [
  ["Onion routing moves to QUIC", "Requests now travel over QUIC, which halves the time until a message leaves the device on a poor connection."],
  ["Desktop and mobile share one code base", "Groups, calls and settings behave the same everywhere; the old desktop core is retired."],
  ["Independent audit finds no critical issue", "The report covers the protocol, the clients and the service nodes. Two medium findings are already fixed."],
  ["Voice messages can be played at double speed", ""],
];

function Fields({ projects, value, change }) {
  const set = (name) => (e) => change({ ...value, [name]: e.currentTarget.type === "checkbox" ? e.currentTarget.checked : e.currentTarget.value });
  return (
    <>
      {projects && (
        <label>Project
          <select name="project" value={value.project} onChange={set("project")}>{projects.map((p) => <option value={p.slug}>{p.name} · {p.velocity.toFixed(1)} {p.trend}</option>)}</select>
        </label>
      )}
      <label>Title<input name="title" required value={value.title} onInput={set("title")} /></label>
      <label>Summary<textarea name="summary" rows={3} value={value.summary} onInput={set("summary")} /></label>
      <label class="check"><input name="spark" type="checkbox" checked={value.spark} onChange={set("spark")} /> a spark, one of the few that matter most</label>
    </>
  );
}

function Move({ move, pull }) {
  const [edit, setEdit] = useState(null);
  const save = async (e) => {
    e.preventDefault();
    if (await pull({ do: "edit", move: move.id, ...edit })) setEdit(null);
  };
  return (
    <li class={move.retracted ? "retracted" : ""}>
      <div class="move"><b>{move.spark ? "⚡ " : ""}{move.title}</b><span class="hint">{move.project} · <Ago unix={move.at / 1000} />{move.revision > 1 ? ` · revision ${move.revision}` : ""}{move.retracted ? " · taken back" : ""}</span></div>
      {!move.retracted && !edit && (
        <div class="row">
          <button type="button" onClick={() => setEdit({ title: move.title, summary: move.summary, spark: move.spark })}>Edit</button>
          <button type="button" onClick={() => pull({ do: "retract", move: move.id })}>Retract</button>
        </div>
      )}
      {edit && (
        <form onSubmit={save}>
          <Fields value={edit} change={setEdit} />
          <div class="row"><button type="submit" class="main">Save</button><button type="button" onClick={() => setEdit(null)}>Cancel</button></div>
        </form>
      )}
    </li>
  );
}

export function Moves({ state, pull }) {
  const [n, setN] = useState(0);
  const [value, setValue] = useState({ project: state.projects.some((p) => p.slug === "session") ? "session" : state.projects[0]?.slug, title: ideas[0][0], summary: ideas[0][1], spark: true });
  const store = async (e) => {
    e.preventDefault();
    if (!(await pull({ do: "store", ...value }))) return;
    const next = ideas[(n + 1) % ideas.length];
    setN(n + 1);
    setValue({ ...value, title: next[0], summary: next[1], spark: (n + 1) % ideas.length !== 3 });
  };
  return (
    <fieldset>
      <legend>Store a move</legend>
      <form class="store" onSubmit={store}>
        <Fields projects={state.projects} value={value} change={setValue} />
        <button type="submit" class="main">Store it, with plain SQL</button>
      </form>
      <details>
        <summary>Edit or retract</summary>
        <ul class="moves">{state.moves.map((m) => <Move key={m.id} move={m} pull={pull} />)}</ul>
      </details>
    </fieldset>
  );
}
