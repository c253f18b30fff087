// Forms the bot opens: Discord's modals and Slack's views.
import { useEffect, useRef, useState } from "preact/hooks";
import { act } from "./feed.js";
import { Blocks } from "./slack/parts.jsx";
import { Markdown } from "./discord/markdown.jsx";

function Field({ f, value, change }) {
  const id = `field-${f.id}`;
  return (
    <div class="field">
      <label for={id}>{f.label}{f.required && <span aria-hidden="true"> *</span>}</label>
      {f.about && <p class="field-about">{f.about}</p>}
      {f.options ? (
        <select id={id} required={f.required} multiple={f.many} onChange={(e) => change([...e.currentTarget.selectedOptions].map((o) => o.value).filter(Boolean))}>
          {!f.many && <option value="">{f.placeholder || "Choose"}</option>}
          {f.options.map((o) => <option value={o.value} selected={(value || []).includes(o.value)}>{o.label}</option>)}
        </select>
      ) : f.long ? (
        <textarea id={id} required={f.required} minLength={f.least} maxLength={f.most} placeholder={f.placeholder} rows={4} onInput={(e) => change([e.currentTarget.value])}>{(value || [""])[0]}</textarea>
      ) : (
        <input id={id} required={f.required} minLength={f.least} maxLength={f.most} placeholder={f.placeholder} value={(value || [""])[0]} onInput={(e) => change([e.currentTarget.value])} />
      )}
    </div>
  );
}

function fromDiscord(body) {
  return body.components.map((c) => {
    const inner = c.component || c.components?.[0];
    if (!inner) return { text: c.content || "" };
    return {
      id: inner.custom_id, label: c.label || inner.label || "", about: c.description, required: inner.required !== false, placeholder: inner.placeholder,
      least: inner.min_length, most: inner.max_length, long: inner.style === 2, many: (inner.max_values || 1) > 1, initial: inner.value,
      options: inner.type === 3 ? inner.options.map((o) => ({ label: o.label, value: o.value })) : undefined,
    };
  });
}

function fromSlack(body) {
  return body.blocks.map((b) => {
    if (b.type !== "input") return { block: b };
    const e = b.element;
    return {
      id: e.action_id, label: b.label.text, about: b.hint?.text, required: !b.optional, placeholder: e.placeholder?.text, least: e.min_length, most: e.max_length,
      long: e.multiline, initial: e.initial_value || e.initial_option?.value, options: e.options?.map((o) => ({ label: o.text.text, value: o.value })),
    };
  });
}

export function Form({ channel, modal, close, open, say }) {
  const dialog = useRef();
  const discord = channel.platform === "discord";
  const fields = discord ? fromDiscord(modal.body) : fromSlack(modal.body);
  const [values, setValues] = useState(() => Object.fromEntries(fields.filter((f) => f.id && f.initial).map((f) => [f.id, [f.initial]])));
  const [wrong, setWrong] = useState("");
  useEffect(() => dialog.current.showModal(), []);
  const submit = async (e) => {
    e.preventDefault();
    const answer = await act(channel, { do: "submit", modal: modal.id, fields: values });
    if (answer.error) return setWrong(answer.error);
    close();
    open(answer);
  };
  const title = discord ? modal.body.title : modal.body.title?.text;
  return (
    <dialog ref={dialog} class={`form ${channel.platform}`} onClose={close} aria-label={title}>
      <form onSubmit={submit}>
        <h2>{title}</h2>
        {fields.map((f) => f.id ? <Field f={f} value={values[f.id]} change={(v) => setValues({ ...values, [f.id]: v })} />
          : f.block ? <Blocks list={[f.block]} act={() => say("This stands in a form and does nothing by itself.")} /> : <Markdown>{f.text}</Markdown>)}
        {wrong && <p class="wrong" role="alert">{wrong}</p>}
        <div class="form-foot">
          <button type="button" onClick={() => dialog.current.close()}>{discord ? "Cancel" : modal.body.close?.text || "Cancel"}</button>
          <button type="submit" class="main">{discord ? "Submit" : modal.body.submit?.text || "Submit"}</button>
        </div>
      </form>
    </dialog>
  );
}
