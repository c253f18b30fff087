// One message as Slack shows it.
import { act as send } from "../feed.js";
import { full, time, useTicks } from "../ages.jsx";
import { Raw } from "../raw.jsx";
import { Blocks } from "./parts.jsx";

export function Row({ name, app, at, edited, face, children }) {
  useTicks(30000);
  return (
    <div class="s-row">
      <img class="s-face" src={face} alt="" />
      <div class="s-content">
        <div class="s-who">
          <b>{name}</b>
          {app && <span class="s-app">APP</span>}
          <time dateTime={new Date(at).toISOString()} title={full(at)}>{time(at)}</time>
        </div>
        {children}
        {edited && <span class="s-edited"> (edited)</span>}
      </div>
    </div>
  );
}

export function Message({ channel, message, open }) {
  const body = message.body || {};
  const act = async (what) => open(await send(channel, { message: message.id, ...what }));
  return (
    <div class={message.private ? "s-message private" : "s-message"} data-id={message.id} data-private={message.private ? "" : undefined}>
      {message.command && !message.private && (
        <Row name={message.by} at={message.at} face="/page/assets/you.svg"><div class="s-plain">{message.command}</div></Row>
      )}
      {message.private && (
        <div class="s-only">
          <svg viewBox="0 0 24 24" aria-hidden="true"><path fill="currentColor" d="M12 5C7 5 3 8.500 1 12c2 3.500 6 7 11 7s9-3.500 11-7c-2-3.500-6-7-11-7m0 11.500a4.500 4.500 0 1 1 0-9 4.500 4.500 0 0 1 0 9m0-2a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5" /></svg>
          Only visible to you
        </div>
      )}
      <Row name="sparkbot" app at={message.at} edited={message.edited} face="/page/assets/spark.svg">
        {body.blocks?.length ? <Blocks list={body.blocks} act={act} /> : <div class="s-plain">{body.text}</div>}
      </Row>
      <Raw channel={channel} message={message} />
    </div>
  );
}
