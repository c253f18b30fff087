package discord

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"sparkbot/bot/wire"
	"sparkbot/notify"
)

const codeMissingAccess = 50001

// A member may take no direct messages from members of a server, or have blocked
// the bot.
const (
	codeClosedToDirect = 50007
	codeBlocked        = 50278
)

// closedCodes are the codes of Discord's errors that say the place takes no
// messages from the bot, with what to do about it:
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
var closedCodes = map[int]string{
	10003:             "the channel does not exist any more",
	10004:             "the server does not exist any more, or the bot was removed from it",
	codeMissingAccess: "the bot cannot see the channel; give it View Channel there, or let it into the server again",
	50008:             "the bot may not post in the channel; choose a channel that takes messages",
	50013:             "the bot may not post in the channel; give it Send Messages there",
	50024:             "the channel is of a kind that takes no messages; choose a text channel",
	50083:             "the thread is archived; open it again",
	160005:            "the thread is locked; unlock it",
}

// untilMended is how long nothing is sent after the token was refused: it costs
// no message an attempt, and Discord bans addresses that go on asking.
const untilMended = time.Minute

// apiError is Discord's description of what went wrong.
type apiError struct {
	Code       int             `json:"code"`
	Message    string          `json:"message"`
	RetryAfter float64         `json:"retry_after"`
	Global     bool            `json:"global"`
	Errors     json.RawMessage `json:"errors"`
}

// failure classifies an answer that is no success. Only what Discord itself says
// of the message or the place is final; an answer from the network in front of it,
// or one that is not known here, is worth another try.
func failure(a wire.Answer) *notify.Failure {
	var e apiError
	isJSON := json.Unmarshal(a.Body, &e) == nil
	f := &notify.Failure{Kind: notify.Transient, Err: fmt.Errorf("status %d", a.Status)}
	if e.Message != "" {
		f.Err = fmt.Errorf("status %d, code %d: %s", a.Status, e.Code, e.Message)
	}
	closed, isClosed := closedCodes[e.Code]
	switch {
	case a.Status == http.StatusTooManyRequests:
		throttled(f, a, isJSON, e)
	case a.Status == http.StatusUnauthorized:
		f.Reason = "Discord refuses the bot's token; reset it under Bot and set SPARKBOT_DISCORD_TOKEN"
		f.Kind, f.Scope, f.After = notify.Throttled, notify.ScopePlatform, untilMended
	case isClosed:
		f.Kind, f.Reason = notify.Gone, closed
	case e.Code == codeClosedToDirect || e.Code == codeBlocked:
		f.Kind, f.Reason = notify.Permanent, "the member takes no direct messages from the bot"
	case isJSON && (a.Status == http.StatusBadRequest || a.Status == http.StatusRequestEntityTooLarge):
		f.Kind, f.Reason = notify.Permanent, "Discord refuses the message: "+cmp.Or(detail(e.Errors), e.Message, "it does not say why")
	case a.Status < http.StatusBadRequest:
		f.Reason = "the address leads elsewhere; set SPARKBOT_DISCORD_API_URL to where it leads"
	case a.Status == http.StatusServiceUnavailable:
		f.Reason = "Discord has a problem of its own"
	case a.Status >= http.StatusInternalServerError:
		f.Kind, f.Reason = notify.Ambiguous, "Discord has a problem of its own and may have posted the message"
	case !isJSON:
		f.Reason = "the network in front of Discord refuses the request for now"
	default:
		f.Reason = "Discord refuses the request: " + cmp.Or(e.Message, "it does not say why")
	}
	return f
}

// throttled tells what must wait for how long. An answer that is not JSON comes
// from the network in front of Discord and concerns everything.
func throttled(f *notify.Failure, a wire.Answer, isJSON bool, e apiError) {
	f.Kind, f.Reason, f.Scope = notify.Throttled, "Discord asks to wait", notify.ScopePlace
	f.After = cmp.Or(max(wait(e.RetryAfter), seconds(a.Header("Retry-After"))), 5*time.Second)
	if e.Global || !isJSON || a.Header("X-RateLimit-Global") != "" || a.Header("X-RateLimit-Scope") == "global" {
		f.Scope = notify.ScopePlatform
	}
}

// longestDetail bounds the detail of an error, in bytes.
const longestDetail = 400

// detail puts what Discord says of a body's fields into one line, as in
// "components.0.content: Must be 4000 or fewer in length.":
// https://discord.com/developers/docs/reference#error-messages
func detail(errors json.RawMessage) string {
	var tree any
	if json.Unmarshal(errors, &tree) != nil {
		return ""
	}
	line := strings.Join(complaints(tree, nil), " ")
	if len(line) > longestDetail {
		line = strings.ToValidUTF8(line[:longestDetail], "") + notify.Ellipsis
	}
	return line
}

func complaints(node any, path []string) []string {
	branch, ok := node.(map[string]any)
	if !ok {
		return nil
	}
	var said []string
	for _, key := range slices.Sorted(maps.Keys(branch)) {
		if key != "_errors" {
			said = append(said, complaints(branch[key], append(path, key))...)
			continue
		}
		list, _ := branch[key].([]any)
		for _, one := range list {
			if m, ok := one.(map[string]any); ok {
				said = append(said, strings.TrimPrefix(strings.Join(path, ".")+": ", ": ")+fmt.Sprint(m["message"]))
			}
		}
	}
	return said
}
