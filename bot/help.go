package bot

import (
	"fmt"
	"strings"

	"sparkbot/notify"
	"sparkbot/store"
)

// topic is what help says of a verb.
type topic struct {
	verb           Verb
	slack, discord string // how it is typed
	does           string // in a few words
	more           string // in full
}

var topics = []topic{
	{
		Show, "/spark session", "/spark project:session", "a project's card",
		"Shows a project: how fast it moves, where it stands, where it's heading, its recent moves. Views: card (everything), moves, outlook, why. A name may be cut short as long as only one project fits.",
	},
	{
		All, "/spark all category:COMMS", "/sparks category:COMMS", "all projects, fastest first",
		"Lists all projects by velocity. Narrow it by category or tag; sort by velocity, change or name.",
	},
	{
		Movers, "/spark movers 28d", "/movers window:28d", "what sped up or slowed down most",
		"Shows the projects whose velocity changed most in the last 7 or 28 days, with a picture of their half year and the move that gave most.",
	},
	{
		Subscribe, "/spark subscribe session", "/sparkbot subscribe project:session", "hear of a project here",
		"Subscribes this channel to a project, a category, a tag or everything. Events: sparks (the moves that matter most), moves (all of them), trend, digest; without a choice sparks and digest. Leave projects out of a category, a tag or everything: -slug on Slack, the option except on Discord.",
	},
	{
		Unsubscribe, "/spark unsubscribe session", "/sparkbot unsubscribe", "stop that",
		"Ends one subscription of this channel, or all of them with all.",
	},
	{
		List, "/spark list", "/sparkbot list", "what this channel hears of",
		"Shows this channel's subscriptions, and those of every channel here with workspace on Slack or scope:server on Discord.",
	},
	{
		Digest, "/spark digest fri 16:00 Europe/Berlin", "/sparkbot digest set day:fri time:16:00", "the weekly digest",
		"Says when this channel's weekly digest comes, and changes it: a day, a time and a zone such as Europe/Berlin; off and on; when-quiet skip or one-line says what becomes of a week in which nothing moves. preview shows you alone what it would say; now posts the last seven days in the channel and takes nothing from the weekly one.",
	},
	{
		Mute, "/spark mute 3d", "/sparkbot mute for:3d", "be quiet for a while",
		"Holds alerts for a time (2h, 3d, 1w, until mon), of one project or of all. What was held is told in one message when the mute ends; with the word drop behind it (drop:True on Discord) it is dropped.",
	},
	{
		Unmute, "/spark unmute", "/sparkbot unmute", "end that",
		"Ends every mute of this channel; what was held comes at once, in one message.",
	},
	{
		Quiet, "/spark quiet 20:00-08:00 Europe/Berlin", "/sparkbot quiet from:20:00 to:08:00 timezone:Europe/Berlin", "hours without alerts, every day",
		"Holds alerts between two times of every day and tells them in one message at the end; with the word drop behind it (drop:True on Discord) they are dropped. off ends that, as the command without any time does on Discord. Tests and digests come at their time.",
	},
	{
		Only, "/spark only sparks session", "/sparkbot only project:session", "no more than a project's sparks",
		"Changes the subscriptions that let every move of a project through to sparks. The button Only sparks on an alert does the same.",
	},
	{
		Test, "/spark test", "/sparkbot test", "see that alerts arrive",
		"Sends a test message to this channel through the same queue as every alert; with digest (kind:digest on Discord) a digest of the last seven days.",
	},
	{
		Log, "/spark log session", "/sparkbot log project:session", "what was sent, what not, and why",
		"Shows what became of messages in this channel in the last days (7, up to 30): sent, held, merged, given up, and for moves that were stored and not sent here, why not. With a project it answers for each of its moves.",
	},
	{
		Help, "/spark help subscribe", "/sparkbot help topic:subscribe", "more on one of these",
		"Explains a command. Without a topic it lists them all.",
	},
}

func (t topic) usage(p store.Platform) string {
	if p == store.Discord {
		return t.discord
	}
	return t.slack
}

// help explains one verb or lists them all.
func help(r Request) (Reply, error) {
	if name := strings.ToLower(strings.TrimSpace(r.Command.Topic)); name != "" {
		for _, t := range topics {
			if string(t.verb) == name {
				blocks := []notify.Block{
					heading(string(t.verb)), paragraph(t.more),
					notify.Text{Spans: []notify.Span{{Text: t.usage(r.Platform), Code: true, Fixed: true}}},
				}
				return Reply{Private: true, Message: notify.Message{Accent: accent, Fallback: t.more, Blocks: blocks}}, nil
			}
		}
		names := make([]string, len(topics))
		for i, t := range topics {
			names[i] = string(t.verb)
		}
		return Reply{}, &refusal{fmt.Sprintf("There is no help on “%s”. Topics are %s.", notify.Cut(name, 40), strings.Join(names, ", "))}
	}
	return Reply{Private: true, Message: notify.Message{Accent: accent, Fallback: "What you can ask of sparkbot", Blocks: brief(r.Platform)}}, nil
}

// brief lists what can be asked, a line each.
func brief(p store.Platform) []notify.Block {
	var spans []notify.Span
	for _, t := range topics {
		spans = append(spans, notify.Span{Text: t.usage(p), Code: true, Fixed: true}, notify.Span{Text: "  " + t.does + "\n", Fixed: true})
	}
	return []notify.Block{
		heading("What you can ask"),
		notify.Text{Spans: trimBreak(spans)},
		notify.Actions{Buttons: []notify.Button{{Label: "All projects", Command: string(All)}}},
	}
}

func firstStep(p store.Platform) string {
	for _, t := range topics {
		if t.verb == Subscribe {
			return "Try " + t.usage(p)
		}
	}
	return ""
}
