// One message as Discord shows it. The maintained renderer draws the frame; the
// components inside are ours.
import { act as send, drop } from "../feed.js";
import { stamp, useTicks } from "../ages.jsx";
import { useDark } from "../theme.jsx";
import { Raw } from "../raw.jsx";
import { Markdown } from "./markdown.jsx";
import { Parts } from "./parts.jsx";

const face = (name) => (name === "sparkbot" ? "/page/assets/spark.svg" : "/page/assets/you.svg");

export function Message({ channel, message, open }) {
  useTicks(30000);
  const light = !useDark();
  const body = message.body || {};
  const act = async (what) => open(await send(channel, { message: message.id, ...what }));
  const dismiss = () => {
    send(channel, { do: "dismiss", message: message.id });
    drop("discord", channel.id, message.id);
  };
  return (
    <div class={message.private ? "d-message private" : "d-message"} data-id={message.id} data-private={message.private ? "" : undefined}>
      <discord-message light-theme={light} author="sparkbot" avatar={face("sparkbot")} bot timestamp={stamp(message.at)} edited={Boolean(message.edited)}>
        {message.command && (
          <div slot="reply" class="d-used" title={message.command}>
            <img src={face(message.by)} alt="" /> <b>{message.by}</b> used <span class="d-slash">/{message.command.slice(1).split(/ [\w-]+:/)[0]}</span>
          </div>
        )}
        <div class="d-body">
          {body.content && <Markdown>{body.content}</Markdown>}
          <Parts list={body.components} act={act} />
        </div>
      </discord-message>
      {message.private && (
        <div class="d-ephemeral">
          <svg viewBox="0 0 24 24" aria-hidden="true"><path fill="currentColor" d="M12 5C7 5 3 8.500 1 12c2 3.500 6 7 11 7s9-3.500 11-7c-2-3.500-6-7-11-7m0 11.500a4.500 4.500 0 1 1 0-9 4.500 4.500 0 0 1 0 9m0-2a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5" /></svg>
          Only you can see this • <button type="button" class="d-plain" onClick={dismiss}>Dismiss message</button>
        </div>
      )}
      <Raw channel={channel} message={message} />
    </div>
  );
}
