package slack

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"sparkbot/notify"
)

// untilMended is how long nothing is sent after the token was refused; it costs
// no message an attempt. A token that was revoked, or whose app was removed, is
// another matter: it never works again, so its places are gone until somebody
// gives a command with the new one.
const untilMended = time.Minute

// reasons say what Slack's errors mean for a place and how to mend them:
// https://docs.slack.dev/reference/methods/chat.postMessage#errors
var reasons = map[string]notify.Failure{
	"channel_not_found":                        {Kind: notify.Gone, Reason: "the channel does not exist, or is private and the app was not invited; /invite it there"},
	"not_in_channel":                           {Kind: notify.Gone, Reason: "the app is not in the channel; /invite it there"},
	"is_archived":                              {Kind: notify.Gone, Reason: "the channel is archived; unarchive it"},
	"channel_is_archived":                      {Kind: notify.Gone, Reason: "the channel is archived; unarchive it"},
	"restricted_action":                        {Kind: notify.Gone, Reason: "only some members may post in the channel; let the app post there"},
	"restricted_action_read_only_channel":      {Kind: notify.Gone, Reason: "the channel is read-only; let the app post there"},
	"restricted_action_thread_only_channel":    {Kind: notify.Gone, Reason: "the channel takes threads only"},
	"restricted_action_non_threadable_channel": {Kind: notify.Gone, Reason: "the channel takes no message of an app"},
	"no_permission":                            {Kind: notify.Gone, Reason: "the app may not post in the channel; /invite it there"},
	"user_is_restricted":                       {Kind: notify.Gone, Reason: "the app may not post in the channel; let it post there"},
	"messages_tab_disabled":                    {Kind: notify.Gone, Reason: "the app takes no direct messages; subscribe in a channel"},
	"team_access_not_granted":                  {Kind: notify.Gone, Scope: notify.ScopeWorkspace, Reason: "the app has no access to the workspace; install it there"},
	"team_not_found":                           {Kind: notify.Gone, Scope: notify.ScopeWorkspace, Reason: "the workspace does not exist"},
	"account_inactive":                         {Kind: notify.Gone, Scope: notify.ScopeWorkspace, Reason: "the app was removed from the workspace; install it again"},
	"token_revoked":                            {Kind: notify.Gone, Scope: notify.ScopeWorkspace, Reason: "the app's token was revoked; install it again"},
	"invalid_auth":                             {Kind: notify.Throttled, Scope: notify.ScopePlatform, After: untilMended, Reason: "Slack refuses the bot token; install the app again and set SPARKBOT_SLACK_BOT_TOKEN"},
	"not_authed":                               {Kind: notify.Throttled, Scope: notify.ScopePlatform, After: untilMended, Reason: "Slack got no token; set SPARKBOT_SLACK_BOT_TOKEN"},
	"token_expired":                            {Kind: notify.Throttled, Scope: notify.ScopePlatform, After: untilMended, Reason: "the bot token is expired; install the app again and set SPARKBOT_SLACK_BOT_TOKEN"},
	"not_allowed_token_type":                   {Kind: notify.Throttled, Scope: notify.ScopePlatform, After: untilMended, Reason: "the token is of the wrong kind; set SPARKBOT_SLACK_BOT_TOKEN to the bot token, which begins with xoxb-"},
	"accesslimited":                            {Kind: notify.Throttled, Scope: notify.ScopePlatform, After: untilMended, Reason: "Slack takes this app's requests from other addresses only; mend its list of allowed addresses"},
	"missing_scope":                            {Kind: notify.Throttled, Scope: notify.ScopePlatform, After: untilMended, Reason: "the app lacks a scope; compare its manifest with docs/slack-manifest.yaml and install it again"},
	"ratelimited":                              {Kind: notify.Throttled, Reason: "Slack asks to wait"},
	"rate_limited":                             {Kind: notify.Throttled, Reason: "Slack asks to wait"},
	"message_limit_exceeded":                   {Kind: notify.Throttled, Scope: notify.ScopeWorkspace, After: time.Minute, Reason: "the workspace has posted too much"},
	"internal_error":                           {Kind: notify.Ambiguous, Reason: "Slack failed and may have posted the message"},
	"fatal_error":                              {Kind: notify.Ambiguous, Reason: "Slack failed and may have posted the message"},
	"service_unavailable":                      {Reason: "Slack is not available"},
	"org_login_required":                       {Reason: "the workspace is being moved"},
	"team_added_to_org":                        {Reason: "the workspace is being moved"},
	"request_timeout":                          {Reason: "Slack took too long to read the message"},
	"access_denied":                            {Reason: "Slack denies access for now"},
	"ekm_access_denied":                        {Kind: notify.Gone, Reason: "the workspace's administrators have suspended posting"},
}

// atFault are the errors by which Slack refuses a message for what stands in it;
// the same message would be refused again. Whatever is in no list here may pass
// the next time.
var atFault = []string{
	"invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "no_text", "markdown_text_conflict",
	"too_many_attachments", "attachment_payload_limit_exceeded", "cannot_reply_to_message", "slack_connect_file_link_sharing_blocked",
	"metadata_too_large", "metadata_must_be_sent_from_app", "invalid_metadata_format", "invalid_metadata_schema",
	"invalid_arguments", "invalid_arg_name", "invalid_array_arg", "invalid_charset", "invalid_form_data", "invalid_json", "json_not_object",
	"invalid_post_type", "missing_post_type", "request_entity_too_large",
}

// refused is an error in Slack's own words.
type refused struct {
	status  int
	code    string // empty where Slack gave none
	details []string
}

func (e *refused) Error() string {
	if e.code == "" {
		return fmt.Sprintf("status %d", e.status)
	}
	return fmt.Sprintf("status %d: %s", e.status, strings.Join(append([]string{e.code}, e.details...), "; "))
}

// codeOf gives the code of Slack's error inside err, or "".
func codeOf(err error) string {
	if e, ok := errors.AsType[*refused](err); ok {
		return e.code
	}
	return ""
}

// failure classifies an answer; nil means success. Slack says 200 to nearly
// everything, even where ok is false, and even without saying why.
func failure(a answer) *notify.Failure {
	e := a.said
	if a.Status == http.StatusOK && a.readable && e.OK {
		return nil
	}
	if a.Status == http.StatusTooManyRequests {
		e.Error = "ratelimited"
	}
	f, known := reasons[e.Error]
	f.Err = &refused{a.Status, e.Error, e.Metadata.Messages}
	if e.Error == "missing_scope" && e.Needed != "" {
		f.Reason = "the app lacks the scope " + e.Needed + "; add it under OAuth & Permissions and install the app again"
	}
	switch {
	case f.Kind == notify.Throttled:
		f.After = max(f.After, retryAfter(a.Header("Retry-After")), time.Second)
		if !a.readable { // from the network in front of Slack
			f.Scope = notify.ScopePlatform
		}
	case known:
	case a.Status == http.StatusOK && !a.readable:
		f.Kind, f.Reason = notify.Ambiguous, "Slack's answer was not readable"
	case slices.Contains(atFault, e.Error):
		f.Kind, f.Reason = notify.Permanent, "Slack refuses the message: "+e.Error
	case a.Status == http.StatusRequestEntityTooLarge:
		f.Kind, f.Reason = notify.Permanent, "Slack refuses the message: it is too large"
	case e.Error != "":
		f.Reason = "Slack refuses for a reason of its own: " + e.Error
	case a.Status >= http.StatusInternalServerError && a.Status != http.StatusServiceUnavailable:
		f.Kind, f.Reason = notify.Ambiguous, "Slack failed and may have posted the message"
	default:
		f.Reason = "Slack has a problem of its own"
	}
	return &f
}

func retryAfter(text string) time.Duration {
	s, err := strconv.Atoi(text)
	if err != nil || s < 0 || s > 86400 {
		return 0
	}
	return time.Duration(s) * time.Second
}
